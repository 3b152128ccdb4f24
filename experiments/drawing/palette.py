"""The colours of agents and strategies, which all figures share."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F3C8D", "#5C5C5C")
"""Distinguishable for colour-blind readers too (Okabe & Ito 2008), and visible on light and on dark paper."""
