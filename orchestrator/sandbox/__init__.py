"""Policies in confined processes."""
