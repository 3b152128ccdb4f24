"""Landscapes, one kind per file, and the words that they share (landscape.py): losses over a box."""
