"""Tools for authors of agents: how to follow leases, and how to use solvers that take a callback."""
