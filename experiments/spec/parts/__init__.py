"""The parts of an experiment, built from plain data; every problem is reported."""
