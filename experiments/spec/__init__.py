"""From YAML to the models of an experiment, with every problem said in words."""
