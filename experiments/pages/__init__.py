"""Pages of one file that replay runs, and films of them."""
