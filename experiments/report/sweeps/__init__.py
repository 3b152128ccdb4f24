"""What only the section of a sweep shows: basins of starts, and losses on held-out data."""
