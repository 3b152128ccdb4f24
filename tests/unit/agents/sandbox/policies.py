"""A stranger's policies, for tests of the sandbox."""

TURNS = """\
from typing import Literal

from searchparty import Lease, Policy, Region


class Turns(Policy):
    kind: Literal["turns"] = "turns"
    size: int = 20

    def decide(self, run, rng):
        able = [member for member in run.idle if member.row_price <= run.remaining]
        if not able or run.free < 1:
            return ()
        member = min(able, key=lambda each: (each.leases, rng.random()))
        budget = min(max(self.size, member.row_price), run.remaining)
        best = run.incumbent
        region = run.region if best is None else Region(best.point, 0.3)
        known = f"{member.leases} leases, {len(run.minima)} minima, {list(member.improvements)}, {run.level:.9g}"
        return (Lease(run.leases, member.name, budget, region, known, best, member.needs_fresh, archive=run.collected),)
"""
WORDY = """\
from turns import Turns as Few
from dataclasses import replace
from typing import Literal


class Wordy(Few):
    kind: Literal["wordy"] = "wordy"

    def decide(self, run, rng):
        words = f"line {run.leases}\\n\\u53ce \\x1b[1m" * 400
        return tuple(replace(lease, reason=words) for lease in super().decide(run, rng))
"""
BAD = """\
import os
import time
from typing import Literal

from searchparty import Lease, Policy, Region


class Bad(Policy):
    kind: Literal["bad-policy"] = "bad-policy"
    how: str

    def decide(self, run, rng):
        return getattr(self, self.how)(run)

    def raises(self, run):
        raise ValueError("no idea")

    def leaves(self, run):
        os._exit(3)

    def lists(self, run):
        return []

    def overspends(self, run):
        return (Lease(0, run.team[0].name, 10**6, run.region, "all", fresh=True),)

    def writes(self, run):
        os.write(3, b"x" * 100)
        return ()

    def talks(self, run):
        return (Lease(0, run.team[0].name, 1, run.region, "x" * 70_000, fresh=True),)

    def many(self, run):
        return tuple(Lease(i, run.team[0].name, 1, run.region, "more", fresh=True) for i in range(100))
"""


def write_policies(folder):
    """Write the files of policies into a folder."""
    (folder / "turns.py").write_text(TURNS)
    (folder / "wordy.py").write_text(WORDY)
    (folder / "bad_policy.py").write_text(BAD)
