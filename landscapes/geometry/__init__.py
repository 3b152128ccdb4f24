"""The geometry of landscapes: planes through them, their curvature, and what lies between two of their points."""
