"""What a replay says in words, and how much of it there is room for. No drawing here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .replay import Moment, Replay, ReplayLease
from .slice import Slice

LETTER_WIDTH = 0.75
"""Mean width of a letter, in pixels of 1/100 inch a point of its font."""


def shorten_text(text: str, width: float, size: float = 8.0) -> str:
    """A text of a font's size (points), as it fits into so many pixels."""
    most = max(8, int(width / (LETTER_WIDTH * size)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def escape_math(text: str) -> str:
    """Nothing in a text is mathematics."""
    return text.replace("$", r"\$")


def animation_title(replays: Sequence[Replay]) -> str:
    """What is shown, less what the names of two runs say."""
    run = replays[0].run
    apart = len({replay.run.repeat for replay in replays}) > 1
    place = run.landscape if apart else f"{run.landscape}, repeat {run.repeat}"
    return place if len(replays) > 1 else f"{run_names(replays)[0]} on {place}"


def run_names(replays: Sequence[Replay]) -> list[str]:
    """What tells the runs apart, and whether there will be more of them."""
    runs = [replay.run for replay in replays]
    apart = len({run.repeat for run in runs}) > 1
    return [
        run.strategy + (f", repeat {run.repeat}" if apart else "") + (" (unfinished)" if run.stopped is None else "")
        for run in runs
    ]


def map_notes(replays: Sequence[Replay], plane: Slice) -> str:
    """What must be known to read the maps right; "" where nothing must."""
    run, found = replays[0].run, []
    if plane.is_slice:
        first, second = plane.axis_names()
        found.append(f"slice {first}, {second} through the best point; faint: far from it")
    if not run.pictured:
        flat = run.space.dimension == 2
        found.append("losses between the points are guessed" if flat else "not evaluated for pictures: points only")
    return " · ".join(found)


def caption_line(replay: Replay, moment: Moment, last: bool, name: str) -> str:
    """The line below a frame: the result at the end of a run, before it the reason of a decision. It begins with a
    name, if any."""
    begun = f"{name}: " if name else ""
    if last or moment.points_shown == len(replay.agent):
        return begun + describe_result(replay)
    return begun if moment.told is None else begun + describe_reason(moment.told)


def round_numbers(text: str) -> str:
    """A text whose numbers of many digits have seven."""
    return re.sub(r"-?\d+\.\d{7,}(e[-+]?\d+)?", lambda found: f"{float(found[0]):.7g}", text)


def describe_reason(turn: ReplayLease) -> str:
    """Why a lease was granted; of a hand-over, first whose point it is."""
    lease = turn.lease
    if turn.handed and lease.incumbent is not None:
        return f"{lease.agent} sent to {lease.incumbent.agent}'s point, {lease.incumbent.loss:.4g}: {lease.reason}"
    return f"{lease.agent}: {lease.reason}"


def describe_result(replay: Replay) -> str:
    """What a run came to, in a sentence."""
    run = replay.run
    ended = f"unfinished after {replay.evaluations:,} of {run.budget:,} evaluations"
    if run.stopped is not None:
        ended = f"{round_numbers(run.stopped)} after {replay.evaluations:,} evaluations"
    if replay.evaluations_without_point:
        ended += f" and {replay.evaluations_without_point:,} charged without a point"
    best = replay.best_at(len(replay.agent))
    if best is None:
        return f"{ended}: no evaluation gave a finite loss"
    loss, finder = replay.losses[best], run.team[replay.agent[best]]
    return f"{ended}: best loss {loss:.6g}, found by {finder}"
