"""The bundled experiments, and the programs and functions that they use."""
