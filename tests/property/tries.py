"""How many examples the property tests try: `make test` a sample, `make test-extras` many times as many."""

import os
from typing import Any

from hypothesis import settings

TIMES = int(os.environ.get("SEARCHPARTY_TRIES", "1"))


def tries(count: int, **more: Any) -> settings:
    """Return settings for this many examples times SEARCHPARTY_TRIES; ``more`` are further settings of hypothesis."""
    return settings(max_examples=count * TIMES, deadline=None, **more)
