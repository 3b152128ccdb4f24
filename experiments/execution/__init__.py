"""Carries out a plan until its log is complete: where runs are worked, and whether a log may be resumed."""
