"""The geometry of a loss near points: filters, curvature, matched units, barriers between minima."""
