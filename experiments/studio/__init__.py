"""The studio: a local web page on which optimizer agents are watched, and a playground to set them going."""
