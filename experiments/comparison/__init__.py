"""Compares strategies: the order of runs, running times, and verdicts with intervals over all problems."""
