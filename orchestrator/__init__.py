"""Decides leases from the state of a run, has them worked, and records what happened in the log."""
