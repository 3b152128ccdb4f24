"""The log of what happened in runs: kept in memory, written to a file, and read back."""
