"""Child processes that evaluate and can be killed."""
