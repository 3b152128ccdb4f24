"""A run's state: the fold of its events."""
