"""The texts of an animation, and how they are shortened to fit. Nothing is drawn here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..drawing.landscape import UNIT_CUBE
from ..results.pictures.background import is_evaluated
from .replay import Moment, Replay, ReplayLease
from .slice import Slice

LETTER_WIDTH = 0.75
"""Mean width of a letter per point of font size, in pixels of 1/100 inch."""


def shorten_text(text: str, width: float, size: float = 8.0) -> str:
    """Shorten a text in a font of ``size`` points so that it fits into ``width`` pixels."""
    most = max(8, int(width / (LETTER_WIDTH * size)))
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def escape_math(text: str) -> str:
    """Escape dollar signs, so that matplotlib does not read a text as math."""
    return text.replace("$", r"\$")


def animation_title(replays: Sequence[Replay]) -> str:
    """Return the title: strategy, landscape and repeat, without what the names of two runs already say."""
    run = replays[0].run
    apart = len({replay.run.repeat for replay in replays}) > 1
    place = run.landscape if apart else f"{run.landscape}, repeat {run.repeat}"
    return place if len(replays) > 1 else f"{run_names(replays)[0]} on {place}"


def run_names(replays: Sequence[Replay]) -> list[str]:
    """Return a name for each run: its strategy, its repeat if the repeats differ, and "(unfinished)" if it is."""
    runs = [replay.run for replay in replays]
    apart = len({run.repeat for run in runs}) > 1
    return [
        run.strategy + (f", repeat {run.repeat}" if apart else "") + (" (unfinished)" if run.stopped is None else "")
        for run in runs
    ]


def map_notes(replays: Sequence[Replay], plane: Slice, width: float) -> list[str]:
    """Return the notes that are needed to read the maps, in lines of at most ``width`` pixels; [] if there are none."""
    run, found = replays[0].run, []
    if plane.is_slice:
        first, second = (run.space.names[axis] for axis in plane.axes)
        found.append(f"slice {first}, {second} through the best point; faint points are far from the slice")
    if not run.bounded:
        found.append(UNIT_CUBE)
    if not is_evaluated(run, plane.axes, run.space.to_box(plane.through_point)):
        flat = run.space.dimension == 2
        found.append("losses between points are interpolated" if flat else "not evaluated for pictures: points only")
    line = " · ".join(found)
    if shorten_text(line, width) == line:
        return [line] if line else []
    return [shorten_text(note, width) for note in found]


def caption_line(replay: Replay, moment: Moment, last: bool, name: str) -> str:
    """Return the line below a frame: the reason of a decision, or the result at the end of the run.

    The line begins with ``name``, unless that is empty.
    """
    begun = f"{name}: " if name else ""
    if last or moment.points_shown == len(replay.agent):
        return begun + describe_result(replay)
    return begun if moment.told is None else begun + describe_reason(moment.told)


def round_numbers(text: str) -> str:
    """Round the numbers in a text that have seven or more decimals to seven significant digits."""
    return re.sub(r"-?\d+\.\d{7,}(e[-+]?\d+)?", lambda found: f"{float(found[0]):.7g}", text)


def describe_reason(turn: ReplayLease) -> str:
    """Return the reason of a lease; for a hand-over, preceded by whose point it is and its loss."""
    lease = turn.lease
    if turn.handed and lease.incumbent is not None:
        return f"{lease.agent} sent to {lease.incumbent.agent}'s point, {lease.incumbent.loss:.4g}: {lease.reason}"
    return f"{lease.agent}: {lease.reason}"


def describe_result(replay: Replay) -> str:
    """Return a sentence on a run's result: why it ended, its evaluations, its best loss and who found it."""
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
