"""How points become losses: in this process, or in child processes."""
