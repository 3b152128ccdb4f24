"""Submits jobs to a Ray cluster, fetches their results, and checks the nodes."""
