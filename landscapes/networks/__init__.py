"""Losses of neural networks: data, layers, starts, and the programs that JAX compiles of them."""
