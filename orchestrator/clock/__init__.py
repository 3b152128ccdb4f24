"""The simulated clock, which tells when leases would have been worked on a given number of workers."""
