"""Predictions for other numbers of workers, by the simulated clock."""
