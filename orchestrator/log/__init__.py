"""What happened, written down: in memory, in a file, read back."""
