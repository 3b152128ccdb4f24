"""The studio: a local web page on which a party is watched, replayed and played with."""
