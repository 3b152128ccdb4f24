"""Studies: what settings of a sweep cost and bring, what each part of a strategy is worth, and branches of runs."""
