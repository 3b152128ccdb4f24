"""Tuning jobs as people have them, and the solvers that are compared on them."""
