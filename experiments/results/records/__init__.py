"""Records that lie beside results: what was computed once, as plain numbers that can only be read."""
