"""The answers of a comparison in words: which, by how much, how sure, at what cost, and what next."""
