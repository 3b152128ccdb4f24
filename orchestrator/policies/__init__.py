"""Policies and the choices that they are composed of: budget, radius and sharing."""
