"""An agent that misbehaves in every way that a test asks for, and what must be said of it."""

SOURCE = '''\
import os
import sys
import time
from typing import Literal

import numpy as np

from searchparty import Agent


def note_that_it_hangs():
    with open(__file__ + ".hung", "a") as file:
        file.write("x")


class Bad(Agent):
    """Behaves until its proposal number ``at``."""

    kind: Literal["bad"] = "bad"
    how: str
    at: int = 1

    def search(self, space, lease, rng):
        for _ in range(self.at - 1):
            yield rng.random((1, space.dimension))
        yield from getattr(self, self.how)(space)

    def raises(self, space):
        raise ValueError("no idea")
        yield

    def misshapes(self, space):
        yield np.zeros(space.dimension + 1)

    def loses_count(self, space):
        yield np.full((1, space.dimension), np.nan)

    def strays(self, space):
        yield np.full((1, space.dimension), 1.5)

    def spins(self, space):
        note_that_it_hangs()
        while True:
            pass
        yield

    def sleeps(self, space):
        note_that_it_hangs()
        time.sleep(1000)
        yield

    def leaves(self, space):
        sys.exit("enough")
        yield

    def exits(self, space):
        os._exit(7)
        yield

    def hoards(self, space):
        bytearray(10**16)
        yield
'''
CAUSES = {
    "raises": ("raised ValueError: no idea", "raise ValueError"),
    "misshapes": ("proposed shape (3,); it must be (n, 2) with n >= 1", "yield np.zeros"),
    "loses_count": ("proposed [nan, nan], outside the unit cube (row 0 of its batch)", "np.nan"),
    "strays": ("proposed [1.5, 1.5], outside the unit cube (row 0 of its batch)", "1.5"),
    "spins": ("proposed nothing for 0.5 s, its agent_timeout", "            pass"),
    "sleeps": ("proposed nothing for 0.5 s, its agent_timeout", "time.sleep"),
    "leaves": ("raised SystemExit: enough", "sys.exit"),
    "exits": ("called os._exit(7)", "os._exit"),
    "hoards": ("raised MemoryError:", "bytearray"),
}
"""By way: the recorded cause, and words of the line of the file that is named."""


def line_of(words):
    """The number of the line of the agent's file that has these words."""
    return next(number for number, line in enumerate(SOURCE.splitlines(), 1) if words in line)


YAML = """\
name: bad
budget: 30
repeats: {repeats}
landscapes: [{{kind: sphere}}]
strategies:
{strategies}
evaluation: {{agent_timeout: 0.5}}
executor: simulated
"""


STRATEGY = '  {name}: {{agents: [{{kind: "bad.py:Bad", how: {how}, at: {at}}}], policy: {{lease: 15}}}}'


def write_experiment(folder, how, at, repeats=1):
    """Write an experiment with one such agent into a folder, and return its path; a list makes a strategy of each."""
    names = {each: each for each in how} if isinstance(how, list) else {"bad": how}
    strategies = "\n".join(STRATEGY.format(name=name, how=each, at=at) for name, each in names.items())
    (folder / "bad.py").write_text(SOURCE)
    path = folder / "bad.yaml"
    path.write_text(YAML.format(strategies=strategies, repeats=repeats))
    return path
