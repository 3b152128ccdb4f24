"""The parts of ``searchparty.minimize``: what is searched, by whom, and the result."""
