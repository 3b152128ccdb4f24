"""The loop: decide, grant, collect, fold; and what keeps it honest."""
