"""How commands talk with the terminal: lines, progress, streams, and usage."""
