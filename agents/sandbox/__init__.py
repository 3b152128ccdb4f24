"""Agents in confined processes: what a stranger wrote is worked where it can neither read, write nor send anything."""
