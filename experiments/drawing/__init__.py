"""Matplotlib figures of result tables and of single runs."""
