"""Work that does not end as it should, in a module that child processes can import."""

import os
import time
from pathlib import Path


def sleep_or_die(item, folder):
    """Do what an item says; importable in a child."""
    assert Path(folder).is_dir()
    if item == "hang":
        time.sleep(600)
    if item == "die":
        os._exit(7)
    if item == "raise":
        raise ValueError("bad")
    return item
