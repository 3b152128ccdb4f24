"""Films: the data of runs that are sent to the page."""
