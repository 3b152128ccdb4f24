"""The geometry of landscapes: planes, filters, curvature, matched units, and what lies between two minima."""
