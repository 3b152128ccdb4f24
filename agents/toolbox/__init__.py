"""For authors of agents: following leases, and solvers that only take a callback."""
