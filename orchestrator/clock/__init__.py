"""The simulated clock: when leases would have happened."""
