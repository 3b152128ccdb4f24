"""Results in the formats of other tools, and what other tools wrote as strategies to compare with."""
