"""Turns YAML into the models of an experiment, and describes every problem in words."""
