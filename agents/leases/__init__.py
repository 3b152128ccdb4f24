"""Work a lease: propose, evaluate and report losses to the agent until the budget is spent."""
