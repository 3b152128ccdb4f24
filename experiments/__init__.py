"""Experiments: from YAML or Python to runs, results, reports, animations, simulations and the studio."""
