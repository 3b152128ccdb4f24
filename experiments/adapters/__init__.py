"""Teams behind the interfaces of other libraries, and optimizers of other libraries as agents."""
