"""Predictions for other numbers of workers, made with the simulated clock."""
