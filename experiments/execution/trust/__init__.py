"""Trust: whether results were written by this user, before code that they name is run."""
