"""What a page is told of a run."""
