"""Planes through the landscapes of results: laid through runs' points, evaluated, kept, and drawn."""
