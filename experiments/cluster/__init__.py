"""Jobs on a Ray cluster: sent, fetched, and the nodes looked at."""
