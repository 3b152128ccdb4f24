"""Runs the command line as ``python -m searchparty``."""

import os
import sys

if not sys.flags.safe_path and sys.path[:1] == [os.getcwd()] != [os.path.dirname(os.path.dirname(__file__))]:
    # The command searchparty does not look for modules in the folder that the user is in, either: a file there that has
    # the name of a package would be imported in its place.
    del sys.path[0]

from .experiments.cli.main import main

if __name__ == "__main__":
    main()
