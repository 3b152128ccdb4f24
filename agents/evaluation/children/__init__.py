"""Evaluate points in child processes, which can be killed."""
