"""How a lease is worked: propose, evaluate, tell, until it is spent."""
