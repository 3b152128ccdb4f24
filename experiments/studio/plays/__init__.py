"""Runs that the page asks for, in processes kept warm."""
