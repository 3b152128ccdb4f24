"""Executors, which have leases worked: in this process, packed whole, or on Ray."""
