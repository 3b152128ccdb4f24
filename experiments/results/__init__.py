"""Reads the results of an experiment from its log and makes tables of them. Nothing is drawn here."""
