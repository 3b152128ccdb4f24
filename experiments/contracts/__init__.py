"""The contracts of agents, landscapes and policies, as clauses that anyone's class can be checked against."""
