"""Runs the command line as ``python -m searchparty``."""

from .experiments.cli.main import main

if __name__ == "__main__":
    main()
