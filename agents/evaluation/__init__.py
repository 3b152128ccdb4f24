"""Evaluate points, in this process or in child processes."""
