"""From a plan to a finished log: where runs are worked, and whether a log may be resumed."""
