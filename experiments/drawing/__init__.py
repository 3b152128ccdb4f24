"""Figures by matplotlib, of tables and of runs."""
