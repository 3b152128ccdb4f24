"""The studio: a local web page that shows runs of optimizer agents, with a playground that starts new ones."""
