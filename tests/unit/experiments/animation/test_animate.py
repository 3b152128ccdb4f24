"""Replays as moving pictures: frames follow from the log, files can be opened, and mistakes have messages."""

import itertools
import shutil
import sqlite3
import subprocess
import textwrap
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from searchparty.agents.agent import Incumbent, Lease, Region
from searchparty.experiments.animation import animate as animating
from searchparty.experiments.animation.animate import AnimationOptions, write_animation
from searchparty.experiments.animation.captions import describe_result, round_numbers, shorten_text
from searchparty.experiments.animation.encoding import EncodingError, Mp4Encoder, has_ffmpeg
from searchparty.experiments.animation.replay import build_replay, choose_evaluations, schedule_frames
from searchparty.experiments.animation.selection import find_counterpart, find_pair, find_run, representative_run
from searchparty.experiments.animation.slice import Slice, find_slice_center, parse_plane_axes
from searchparty.experiments.animation.stage import FrameRenderer, draw_legend
from searchparty.experiments.api import run
from searchparty.experiments.drawing import landscape
from searchparty.experiments.execution.results_directory import ResultsError
from searchparty.experiments.results.accounts import leases_table
from searchparty.experiments.results.insights import collect_insights
from searchparty.experiments.results.pictures import background
from searchparty.experiments.results.recorded_runs import read_runs
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.state.events import Granted

TEAM = """\
  lone: {agents: [random-restart]}
  team:
    agents: [grid, random-restart, gradient-descent]
    policy: {radius: shrink, sharing: broadcast, lease: 20}
"""
LINGER = 5
COUNT = 60
QUICK = {"seconds": 2.0, "fps": 5.0, "width": 240}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Run a small experiment, and return its results directory."""

    def make(landscapes="{kind: rastrigin, dimension: 2}", strategies=TEAM, repeats=1, budget=160, beside=None):
        folder = tmp_path_factory.mktemp("animate")
        for name, text in (beside or {}).items():
            (folder / name).write_text(textwrap.dedent(text))
        lines = f"name: trial\nseed: 1\nrepeats: {repeats}\nbudget: {budget}\nexecutor: simulated\n"
        (folder / "trial.yaml").write_text(f"{lines}landscapes: [{landscapes}]\nstrategies:\n{strategies}")
        return run(folder / "trial.yaml", out=folder / "out", report=False).path

    return make


@pytest.fixture(scope="module", autouse=True)
def coarse():
    """Make contours coarse, so that many can be drawn quickly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background, "CONTOUR_POINTS", 16)
        yield


@pytest.fixture(scope="module")
def party(results):
    """Return the results of three repeats, for tests that only read."""
    return results(repeats=3)


@pytest.fixture(scope="module")
def replay(party):
    return build_replay(representative_run(read_runs(party)))


@pytest.fixture(scope="module")
def frames(replay):
    return schedule_frames([replay], COUNT, LINGER)


def timed(run):
    """Return (logical time, lease, row, agent, loss, cost) of every point, in order, computed from the log."""
    starts = {row["lease"]: row["starts"] for row in leases_table(run).rows()}
    seconds = run.settings["landscape"]["seconds"]
    spent, found = {}, []
    for lease, row, agent, loss, cost in zip(
        run.points.lease, run.points.row, run.points.agent, run.points.losses, run.points.cost, strict=True
    ):
        spent[lease] = spent.get(lease, 0) + cost
        found.append((starts[lease] + spent[lease] * seconds, lease, row, agent, loss, cost))
    return sorted(found)


def test_points_come_in_the_order_of_logical_time(replay):
    wanted = timed(replay.run)
    assert replay.agent.tolist() == [point[3] for point in wanted]
    assert replay.losses.tolist() == [point[4] for point in wanted]
    assert replay.spent.tolist() == np.cumsum([point[5] for point in wanted]).tolist()
    # Agents work at the same time: points are not in the order in which leases were collected.
    assert replay.agent.tolist() != replay.run.points.agent.tolist()


def test_a_film_goes_from_nothing_to_everything_and_never_back(replay, frames):
    assert len(frames) == COUNT
    assert frames[0].moments[0].points_shown == 0
    assert frames[-1].evaluations == replay.evaluations == 160
    shown = [frame.moments[0].points_shown for frame in frames]
    assert shown == sorted(shown)
    assert shown[-1] == len(replay.agent)
    for before, after in pairwise(frames):
        assert after.moments[0].first_new_point == before.moments[0].points_shown


def test_a_frame_shows_the_points_that_its_evaluations_bought(replay, frames):
    costs = [point[5] for point in timed(replay.run)]
    for frame in frames:
        shown = frame.moments[0].points_shown
        assert sum(costs[:shown]) <= frame.evaluations
        assert shown == len(costs) or sum(costs[: shown + 1]) > frame.evaluations


def test_a_frame_shows_the_leases_that_are_out(replay, frames):
    rows, times = leases_table(replay.run).rows(), [point[0] for point in timed(replay.run)]
    for frame in frames[1:-1]:
        shown = frame.moments[0].points_shown
        # Several points may have the same time, which is reached only when the last of them is shown.
        if shown == 0 or times[shown - 1] == times[min(shown, len(times) - 1)]:
            continue
        now = times[shown - 1]
        wanted = {row["lease"]: row["radius"] for row in rows if row["starts"] <= now < row["ends"]}
        assert {turn.lease.id: turn.lease.region.radius for turn in frame.moments[0].out} == wanted
    assert frames[-1].moments[0].out == ()


def test_hand_overs_are_the_leases_that_go_to_anothers_point(replay, frames):
    granted = [lease for event in replay.run.events if isinstance(event, Granted) for lease in event.leases]
    wanted, last = set(), {}
    for lease in granted:
        place = None
        incumbent, radius = lease.incumbent, lease.region.radius
        if incumbent is not None and incumbent.agent != lease.agent and radius < 0.5:
            near = np.clip(incumbent.point, radius, 1 - radius)
            if np.allclose(near, lease.region.center) or np.allclose(incumbent.point, lease.region.center):
                place = (incumbent.lease, incumbent.row)
        if place is not None and place != last.get(lease.agent):
            wanted.add(lease.id)
        last[lease.agent] = place
    assert wanted
    assert {over.replay_lease.lease.id for over in replay.hand_overs} == wanted
    ages = {}
    for frame in frames:
        for over, age in frame.moments[0].hand_overs:
            ages.setdefault(over.replay_lease.lease.id, []).append(age)
            assert over.replay_lease.begins <= frame.moments[0].points_shown
    assert set(ages) == wanted
    for seen in ages.values():
        assert seen == list(range(len(seen)))
        assert len(seen) <= LINGER
    # The last picture, which stays, shows the result.
    assert frames[-1].moments[0].hand_overs == ()


def test_what_is_a_hand_over_and_what_is_not():
    def lease(id, agent, center, radius, finder="b", row=0):
        point = np.array([0.95, 0.5])
        return Lease(id, agent, 10, Region(np.array(center), radius), "why", Incumbent(finder, 0, row, point, 1.0))

    granted = [
        # At the point, or as near to it as a region within the cube can be.
        lease(0, "a", [0.95, 0.5], 0.2),
        lease(1, "c", [0.8, 0.5], 0.2),
        # The same point again; then another point of the same agent.
        lease(2, "a", [0.95, 0.5], 0.1),
        lease(3, "a", [0.95, 0.5], 0.1, row=7),
        # The agent only received it; it is the agent's own; the region is the whole cube.
        lease(4, "c", [0.3, 0.5], 0.2, row=8),
        lease(5, "b", [0.95, 0.5], 0.2),
        lease(6, "d", [0.5, 0.5], 0.5),
    ]
    said = collect_insights([Granted(0, tuple(granted))], list("abcd"), 100, None)
    assert {insight.lease for insight in said if insight.kind == "handed"} == {0, 1, 3}


def test_an_arrow_begins_at_the_agents_last_point(replay):
    for over in replay.hand_overs:
        before = [i for i in range(over.replay_lease.begins) if replay.agent[i] == over.replay_lease.agent]
        assert over.origin == (before[-1] if before else None)


def test_rests_are_on_records_and_hand_overs(replay, frames):
    places = [frame.evaluations for frame in frames]
    first = replay.records[np.argmax(replay.gains)]
    assert places.count(int(replay.spent[first])) >= 2
    farthest = max(
        replay.hand_overs,
        key=lambda over: np.abs(over.replay_lease.lease.region.center - replay.cube[over.origin]).max(),
    )
    assert places.count(replay.spent_at(farthest.replay_lease.begins)) >= 2
    # Everything else is shown, too.
    assert max(np.diff(places)) <= 3 * replay.evaluations / COUNT


@pytest.mark.parametrize("count", [2, 3, 7, 300])
def test_any_number_of_frames_begins_and_ends(replay, count):
    places = choose_evaluations([replay], count)
    assert len(places) == count
    assert (places[0], places[-1]) == (0, replay.evaluations)
    assert places == sorted(places)


def test_budgets_add_up(replay, frames):
    for frame in frames:
        shown = frame.moments[0].points_shown
        spent, promised = replay.shares_at(shown)
        assert spent.sum() == replay.spent_at(shown)
        for turn in frame.moments[0].out:
            mine = [i for i in range(turn.begins, shown) if replay.agent[i] == turn.agent]
            assert promised[turn.agent] == turn.lease.budget - replay.cost[mine].sum()
    assert promised.sum() == 0


def test_a_reason_is_told_for_a_while_and_is_of_a_lease_that_was_granted(frames):
    told = [frame.moments[0].told for frame in frames]
    changes = [i for i in range(1, COUNT) if told[i] is not told[i - 1]]
    for i in range(COUNT):
        assert told[i] is None or told[i].begins <= frames[i].moments[0].points_shown
    soon = [b for a, b in pairwise(changes) if b - a < LINGER]
    # Only a hand-over interrupts it.
    assert all(told[i].handed for i in soon)


def test_two_runs_go_in_step_by_evaluations(party):
    runs = find_pair(read_runs(party), ["team", "lone"])
    replays = [build_replay(each) for each in runs]
    for frame in schedule_frames(replays, COUNT, LINGER):
        for each, moment in zip(replays, frame.moments, strict=True):
            assert moment.points_shown == np.searchsorted(each.spent, frame.evaluations, side="right")


def test_the_gif_has_its_frames_size_and_length_and_loops(party, tmp_path):
    done = write_animation(party, AnimationOptions(out=tmp_path / "deep" / "a.gif", seconds=4, fps=10, width=320))
    assert done.frames == 28
    assert done.paths == (tmp_path / "deep" / "a.gif",)
    with Image.open(done.paths[0]) as image:
        assert image.size[0] == 320
        assert image.size[1] % 2 == 0
        assert image.info["loop"] == 0
        lengths = []
        for number in range(image.n_frames):
            image.seek(number)
            lengths.append(image.info["duration"])
        # Identical pictures are merged.
        assert done.frames / 2 < image.n_frames <= done.frames
        assert sum(lengths) == pytest.approx(4000, abs=60)
        assert lengths[-1] >= 1330
        assert image.convert("RGB").getpixel((2, 100)) == (255, 255, 255)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["a.gif"]


@pytest.mark.skipif(not has_ffmpeg(), reason="needs ffmpeg")
def test_the_mp4_is_one(party, tmp_path):
    (path,) = write_animation(party, AnimationOptions(out=tmp_path / "a.mp4", compare=True, **QUICK)).paths
    assert path.read_bytes()[4:8] == b"ftyp"
    if shutil.which("ffprobe"):
        asked = ["-count_frames", "-show_entries", "stream=width,nb_read_frames", "-of", "csv=p=0", str(path)]
        told = subprocess.run(["ffprobe", "-v", "error", *asked], capture_output=True, text=True, check=True).stdout
        assert told.strip() == "240,10"


def test_without_ffmpeg_there_is_a_gif_alone(party, monkeypatch):
    monkeypatch.setattr(animating, "has_ffmpeg", lambda: False)
    assert [path.name for path in write_animation(party, AnimationOptions(**QUICK)).paths] == ["animation.gif"]
    with pytest.raises(ResultsError, match=r"--out must end in \.gif if ffmpeg is not on the PATH.*Install ffmpeg"):
        write_animation(party, AnimationOptions(out=party / "a.mp4"))


def test_what_ffmpeg_says_is_told_and_nothing_is_left(tmp_path, monkeypatch):
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho 'no such encoder' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    film = Mp4Encoder(tmp_path / "a.mp4", 16, 16, 5)
    # Whether the pipe breaks at a picture or at the end depends on timing.
    film._process.wait()
    with pytest.raises(EncodingError, match="ffmpeg could not write the MP4: no such encoder. A GIF needs no ffmpeg"):
        film.add_picture(np.zeros((16, 16, 3), np.uint8), 1000.0)
    film.discard_file()
    assert not (tmp_path / "a.mp4").exists()


def test_a_film_that_fails_leaves_nothing_behind(party, tmp_path):
    def broken(numbers, total):
        yield from list(numbers)[:3]
        raise KeyboardInterrupt("by hand")

    with pytest.raises(KeyboardInterrupt, match="by hand"):
        write_animation(party, AnimationOptions(out=tmp_path / "a.gif", **QUICK), broken)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 10}, "--width must be from 240 to 1920 pixels, got 10. 640 suits a page"),
        ({"width": 9999}, "--width must be from 240 to 1920"),
        ({"seconds": 0}, "--seconds must be from 2 to 120 seconds, got 0"),
        ({"seconds": float("nan")}, "--seconds must be from 2 to 120 seconds, got nan"),
        ({"fps": 0.1}, "--fps must be from 1 to 30 frames per second, got 0.1"),
        ({"seconds": 120, "width": 1920}, r"--seconds must be at most \d+ at 1920 pixels and 10 frames per second"),
        ({"out": "a.avi"}, r"--out must end in \.gif or \.mp4, got a\.avi"),
        ({"runs": ("taem",)}, "(?s)--run must be a strategy or a run's id, got 'taem'. Did you mean 'team'.*repeat 2"),
        ({"runs": ("xyz",)}, "(?s)--run must be a strategy or a run's id, got 'xyz'. Choose one of these.*lone"),
        ({"runs": ("a", "b", "c")}, "--run must be given once or twice, got 3 times"),
        ({"plane": "x1,x3"}, "--plane must be two different coordinates of x1 to x2, got 'x1,x3'"),
        ({"plane": "x2,x2"}, "--plane must be two different coordinates of x1 to x2, got 'x2,x2'"),
        ({"plane": "x2"}, "--plane must be two different coordinates of x1 to x2, got 'x2'"),
    ],
)
def test_mistakes_have_their_message(party, tmp_path, options, message):
    if "out" in options:
        options = options | {"out": animating.Path(options["out"])}
    with pytest.raises(ResultsError, match=message):
        write_animation(party, AnimationOptions(**({"out": tmp_path / "a.gif"} | options)))
    assert list(tmp_path.iterdir()) == []


def test_which_run_is_shown(party):
    runs = read_runs(party)
    chosen_run = representative_run(runs)
    finals = sorted(r.final for r in runs if r.strategy == "team")
    assert (chosen_run.strategy, chosen_run.final) == ("team", finals[1])
    assert find_run(runs, chosen_run.id) is chosen_run
    assert find_run(runs, chosen_run.id[:8]) is chosen_run
    assert find_run(runs, "lone").strategy == "lone"
    beside = find_counterpart(runs, chosen_run)
    assert (beside.strategy, beside.repeat) == ("lone", chosen_run.repeat)
    assert find_counterpart(runs, beside).strategy == "team"
    first, second = find_pair(runs, ["lone", runs[0].id if runs[0].strategy == "team" else "team"])
    assert first.repeat == second.repeat
    with pytest.raises(ResultsError, match="--run and --run must be two runs, got .* twice"):
        find_pair(runs, [chosen_run.id, chosen_run.id])


def test_two_runs_must_be_of_one_landscape(results):
    runs = read_runs(results("{kind: sphere, dimension: [1, 2]}", "  lone: {agents: [random]}\n", budget=20))
    with pytest.raises(ResultsError, match="must be of one landscape, got 'sphere D=1' and 'sphere D=2'"):
        find_pair(runs, [each.id for each in runs])
    with pytest.raises(ResultsError, match="--compare must have two strategies with runs on sphere D=1, repeat 0"):
        find_counterpart(runs, runs[0])


FUNCTIONS = """
    def whole(x):
        return float((x ** 2).sum())
    def half(x):
        return float("nan") if x[0] > 0 else float(x.sum())
    def nothing(x):
        return float("nan")
"""


def own(name, dimension):
    return f"{{kind: python, function: 'f.py:{name}', bounds: {[[-1, 1]] * dimension}}}"


@pytest.mark.parametrize(
    ("landscape", "options"),
    [
        ("{kind: rastrigin, dimension: 1}", {}),
        ("{kind: rastrigin, dimension: 4}", {"plane": "x4,x2"}),
        (own("half", 1), {"compare": True}),
        (own("nothing", 2), {"compare": True}),
        pytest.param(own("whole", 1), {}, marks=pytest.mark.extras),
        pytest.param(own("half", 2), {}, marks=pytest.mark.extras),
        pytest.param(own("half", 5), {}, marks=pytest.mark.extras),
        pytest.param(own("nothing", 1), {}, marks=pytest.mark.extras),
    ],
)
def test_any_landscape_can_be_shown(results, tmp_path, landscape, options):
    directory = results(landscape, budget=60, beside={"f.py": FUNCTIONS})
    # The user's function is not evaluated for a picture, and its file need not exist.
    (directory.parent / "f.py").unlink()
    (path,) = write_animation(directory, AnimationOptions(out=tmp_path / "a.gif", **QUICK, **options)).paths
    with Image.open(path) as image:
        assert image.n_frames > 1


STEPPED = """
    def fit(p):
        return abs(p["depth"] - 5) + abs(p["width"] - 3) + (p["kernel"] == "a") + p.get("a_long_name_of_a_rate", 0)
"""
NAMED = (
    "depth: {low: 2, high: 8, integer: true}, width: {low: 1, high: 100, log: true, integer: true}, "
    "kernel: {choices: [a, b]}"
)


def stepped(more=""):
    return f"{{kind: python, function: 'f.py:fit', parameters: {{{NAMED}{more}}}}}"


def test_points_are_drawn_at_the_values_that_were_evaluated(results):
    directory = results(stepped(", a_long_name_of_a_rate: {low: 0, high: 1}"), beside={"f.py": STEPPED}, budget=60)
    for each in read_runs(directory):
        replay = build_replay(each)
        drawn = each.picture.to_box(replay.cube)
        values = each.space.to_box(each.points.cube)
        wanted = values.copy()
        wanted[:, 1] = np.log10(values[:, 1])
        # Agents may work at the same time, so that the order differs.
        np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(wanted, axis=0), atol=1e-12)
        best = drawn[replay.best_at(len(replay.agent))]
        named = [each.space.axes[axis].name_number(x) for axis, x in enumerate(values[np.argmin(each.points.losses)])]
        assert best[0] == pytest.approx(named[0], abs=1e-12)


def test_the_figure_of_a_landscape_shows_values(results):
    beside = {"f.py": "def fit(p):\n    return abs(p['depth'] - 5) + abs(p['n'] - 3)\n"}
    axes = "depth: {low: 2, high: 8, integer: true}, n: {low: 1, high: 5, integer: true}"
    space = f"{{kind: python, function: 'f.py:fit', parameters: {{{axes}}}}}"
    directory = results(space, beside=beside, budget=40)
    for each in read_runs(directory):
        figure = landscape.contour_figure(each)
        offsets = np.concatenate(
            [found.get_offsets() for found in figure.axes[0].collections if len(found.get_offsets()) > 1]
        )
        assert len(offsets) == len(each.points.losses)
        np.testing.assert_allclose(offsets, np.round(offsets), atol=1e-12)


@pytest.mark.parametrize("width", [240, 640, 700, 1400])
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("more", ["", ", a_long_name_of_a_rate: {low: -0.001, high: 0.001}"])
def test_no_text_is_cut_off_or_covers_another(results, width, count, more):
    directory = results(stepped(more), beside={"f.py": STEPPED}, budget=30)
    runs = read_runs(directory)[:count]
    replays = [build_replay(each) for each in runs]
    for axes in [(0, 1), (0, runs[0].space.dimension - 1)]:
        plane = Slice(runs[0].picture, axes, replays[0].cube[0])
        stage = FrameRenderer(replays, plane, schedule_frames(replays, 3, LINGER), width=width, linger=LINGER)
        figure, renderer = stage._figure, stage._canvas.get_renderer()
        notes = [text for text in figure.texts if "slice" in text.get_text() or "points only" in text.get_text()]
        assert len(notes) > 0
        assert " ".join(text.get_text() for text in notes).endswith(("points only", "points only …"))
        for text in notes:
            extent = text.get_window_extent(renderer)
            assert 0 <= extent.x0 < extent.x1 <= figure.bbox.width
        labels = []
        for axes_of_map in figure.axes:
            if axes_of_map.get_xlabel():
                labels += [label for label in axes_of_map.get_xticklabels() if label.get_text()]
        extents = [label.get_window_extent(renderer) for label in labels]
        for first, second in itertools.combinations(extents, 2):
            assert not first.overlaps(second)


def test_hundreds_of_agents_are_shown(results, tmp_path):
    many = "  crowd: {agents: [{kind: random, count: 200}]}\n  lone: {agents: [random]}\n"
    directory = results(strategies=many, budget=600)
    assert write_animation(directory, AnimationOptions(out=tmp_path / "a.gif", compare=True, **QUICK)).paths[0].exists()


def test_a_run_that_is_not_finished_is_shown_as_far_as_it_came(results, tmp_path):
    directory = results()
    with sqlite3.connect(directory / "log.sqlite") as db:
        db.execute("DELETE FROM events WHERE seq > 5")
    runs = read_runs(directory)
    team = build_replay(find_run(runs, "team"))
    assert 0 < team.evaluations < 160
    assert f"unfinished after {team.evaluations} of 160 evaluations: best loss" in describe_result(team)
    # A lease that is out when the log ends is still out in the last picture.
    assert schedule_frames([team], 9, 2)[-1].moments[0].out
    assert write_animation(directory, AnimationOptions(out=tmp_path / "a.gif", **QUICK)).paths[0].exists()


def test_agents_that_fail_at_once_are_charged_in_the_bars(results, tmp_path):
    text = """
        from typing import Literal
        from searchparty import Agent
        class Dud(Agent):
            '''Fails.'''
            kind: Literal["dud"] = "dud"
            def search(self, space, lease, rng):
                raise RuntimeError("no")
                yield
    """
    strategies = "  duds: {agents: ['f.py:Dud']}\n  mixed: {agents: ['f.py:Dud', random], policy: {lease: 10}}\n"
    directory = results("{kind: sphere}", strategies, budget=40, beside={"f.py": text})
    mixed = build_replay(find_run(read_runs(directory), "mixed"))
    spent, _ = mixed.shares_at(len(mixed.agent))
    assert spent.tolist() == [20, 20]
    assert "20 charged without a point" in describe_result(mixed)
    assert write_animation(directory, AnimationOptions(out=tmp_path / "a.gif", **QUICK)).runs[0].strategy == "mixed"
    with pytest.raises(ResultsError, match="--run must name a run that has found a point, got 'duds'"):
        write_animation(directory, AnimationOptions(runs=("duds",)))


def test_a_run_without_a_point_is_refused_with_the_cure(results):
    directory = results(budget=40)
    with sqlite3.connect(directory / "log.sqlite") as db:
        db.execute("DELETE FROM events")
    with pytest.raises(ResultsError, match="must hold a run that has found a point, got .*searchparty resume"):
        write_animation(directory, AnimationOptions())


def test_a_slice_fades_points_by_their_distance():
    space = Space(np.zeros(3), np.full(3, 2.0))
    plane = Slice(space, parse_plane_axes("x1,x3", space), np.full(3, 0.5))
    cube = np.array([[0.1, 0.5, 0.2], [0.1, 0.6, 0.2], [0.1, 1.0, 0.2]])
    near = plane.nearness(cube)
    assert near[0] == 1.0
    assert near[1] == pytest.approx(0.5)
    assert near[2] < near[1]
    assert plane.places(cube, np.zeros(3)).tolist() == [[0.2, 0.4]] * 3
    with pytest.raises(ResultsError, match="--plane must be left out for one dimension"):
        parse_plane_axes("x1,x2", Space(np.zeros(1), np.ones(1)))


def test_a_slice_goes_through_the_best_point():
    found = [(np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([2.0, 1.0])), (np.array([[0.9, 0.9]]), np.array([np.inf]))]
    assert find_slice_center(found, None, 2).tolist() == [0.3, 0.4]
    assert find_slice_center(found[1:], None, 2).tolist() == [0.5, 0.5]
    assert find_slice_center(found[1:], np.array([0.7, 0.7]), 2).tolist() == [0.7, 0.7]


def test_words_are_cut_to_fit_and_numbers_to_be_read():
    assert shorten_text("a" * 30, 60) == "a" * 9 + "…"
    assert shorten_text("short", 60) == "short"
    assert round_numbers("target -462.08999998999997 reached") == "target -462.09 reached"
    assert round_numbers("target 9.999886313162279e-09 reached") == "target 9.999886e-09 reached"


def test_the_command_says_what_it_drew_and_how_to_choose_another(command, party):
    done = command("animate", party, "--width", "240", "--seconds", "2", "--fps", "4", cwd=party)
    assert done.returncode == 0, done.stderr
    assert "team on rastrigin D=2, repeat" in done.stdout
    assert "To draw another run: --run ID or STRATEGY" in done.stdout
    assert "animation.gif (" in done.stdout
    assert (party / "animation.gif").exists()
    wrong = command("animate", party, "--run", "teem", cwd=party)
    assert wrong.returncode == 2
    assert "Did you mean 'team'" in wrong.stderr
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("costs", "named"),
    [([1, 1], []), ([1, 1, 2], ["failed"]), ([1, 1, 0, 0], ["infeasible"]), ([1, 1, 0, 1], ["failed or infeasible"])],
)
def test_points_that_break_a_constraint_are_not_called_failed(costs, named):
    losses = np.array([1.0, 2.0] + [np.inf] * (len(costs) - 2))
    replay = SimpleNamespace(
        hand_overs=(), run=SimpleNamespace(minimizers=None), losses=losses, cost=np.array(costs, dtype=float)
    )
    figure = Figure()
    draw_legend(figure, [replay], SimpleNamespace(key=(0, 10), height=100, is_side_by_side=False))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["best point", "region of a current lease", *named]
