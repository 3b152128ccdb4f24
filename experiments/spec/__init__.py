"""From YAML to the models of an experiment, with every problem said in words."""

# Whoever imports the models can read and write experiments: ``load`` tells them how.
from . import load as load
