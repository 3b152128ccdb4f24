"""How rows without a loss are treated: penalise, retry, skip, stop; and batches that arrive in pieces."""

import re
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.agents.agent import Agent, Lease, Region
from searchparty.agents.evaluation.in_process import InProcessEvaluator
from searchparty.agents.evaluation.settings import Evaluation
from searchparty.agents.leases.searcher import Searcher
from searchparty.agents.leases.work import work_lease
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.log.log import join_rows


class Batches(Agent):
    """Proposes batches of the given sizes, and keeps the answers."""

    kind: Literal["batches"] = "batches"
    sizes: tuple[int, ...]
    told: list = []  # noqa: RUF012

    def search(self, space, lease, rng):
        for size in self.sizes:
            self.told.append((yield rng.random((size, 2))).losses)


class Flaky:
    """x'x, except that the first ``failures`` evaluations of each point right of the middle give NaN or raise."""

    minimum = minimizers = None
    rowwise = True

    def __init__(self, failures, raises=False):
        self.space = Space(np.zeros(2), np.ones(2))
        self.failures, self.raises, self.seen = failures, raises, {}

    def evaluate(self, points):
        losses = np.sum(points * points, axis=1)
        for row, point in enumerate(points):
            key = point.tobytes()
            self.seen[key] = self.seen.get(key, 0) + 1
            if point[0] > 0.5 and self.seen[key] <= self.failures:
                if self.raises:
                    raise OSError("no licence")
                losses[row] = np.nan
        return losses


def spend(agent, problem, budgets, rules=None, recorded=None):
    searcher = Searcher("it", agent, InProcessEvaluator(problem), np.random.default_rng, rules)
    parts, findings = [], []
    for id, budget in enumerate(budgets):
        lease = Lease(id, "it", budget, Region.whole(2), "test", fresh=id == 0)
        steps = work_lease(searcher, lease, 0, recorded if id == 0 else None, flush_seconds=0.0)
        try:
            while True:
                parts.append((id, next(steps)))
        except StopIteration as stop:
            rows, finding = stop.value
            parts += [] if rows is None else [(id, rows)]
            findings.append(finding)
        if findings[-1].why != "spent":
            break
    return parts, findings


def test_a_failed_row_is_tried_again_as_a_row_of_its_own_and_charged():
    agent = Batches(sizes=(6, 6), told=[])
    parts, (finding,) = spend(agent, Flaky(1), [40], Evaluation(on_nan="retry", retries=3))
    failing = sum(int(np.sum(rows.points[:, 0] > 0.5)) for _, rows in parts) // 2
    assert failing > 0
    assert finding.rows == finding.charged == 12 + failing
    assert len(finding.failures) == failing
    assert {f.cause for f in finding.failures} == {"returned nan"}
    # The agent receives only the last try.
    assert np.isfinite(np.concatenate(agent.told)).all()


def test_retries_end():
    agent = Batches(sizes=(4,), told=[])
    _, (finding,) = spend(agent, Flaky(10, raises=True), [100], Evaluation(on_error="retry", retries=2))
    failing = int(np.isinf(agent.told[0]).sum())
    assert failing > 0
    assert finding.charged == 4 + 2 * failing
    assert {f.cause for f in finding.failures} == {"raised OSError: no licence"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.lists(st.integers(1, 7), min_size=1, max_size=30))
def test_retries_go_on_in_the_next_lease(sizes, budgets):
    rules = Evaluation(on_nan="retry", retries=2)
    whole, cut = Batches(sizes=tuple(sizes), told=[]), Batches(sizes=tuple(sizes), told=[])
    spend(whole, Flaky(2), [10_000], rules)
    _, findings = spend(cut, Flaky(2), [*budgets, 10_000], rules)
    for finding, budget in zip(findings, [*budgets, 10_000], strict=False):
        assert finding.rows == finding.charged <= budget
    for a, b in zip(whole.told, cut.told, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_skipped_row_is_told_the_worst_loss_so_far():
    agent = Batches(sizes=(5, 5, 5), told=[])
    parts, (finding,) = spend(agent, Flaky(99), [15], Evaluation(on_nan="skip"))
    told = np.concatenate(agent.told)
    losses = np.concatenate([rows.losses for _, rows in parts])[: len(told)]
    assert np.isfinite(told).all()
    assert np.isinf(losses).any()
    for at in np.flatnonzero(np.isinf(losses)):
        end = (at // 5 + 1) * 5
        assert told[at] == losses[:end][np.isfinite(losses[:end])].max()
    assert np.isfinite(finding.best.loss)


def test_a_row_may_stop_the_lease_with_its_cause():
    agent = Batches(sizes=(5, 5, 5), told=[])
    _, (finding,) = spend(agent, Flaky(99, raises=True), [15], Evaluation(on_error="stop"))
    assert (finding.why, finding.charged) == ("stopped", 5)
    assert re.fullmatch(r"row \d, at \(0\.\d+, 0\.\d+\), raised OSError: no licence", finding.cause)


def test_nan_and_errors_have_verdicts_of_their_own():
    rules = Evaluation(on_nan="skip", on_error="stop")
    assert [rules.verdict(c) for c in ("returned nan", "returned -inf", "raised ValueError: returned nan")] == [
        "skip",
        "skip",
        "stop",
    ]


@pytest.mark.parametrize(
    ("given", "size"), [("2 GB", 2 * 10**9), ("512MiB", 2**29), (10**9, 10**9), ("1.5 gb", 15 * 10**8)]
)
def test_memory_is_a_size(given, size):
    assert Evaluation(memory=given).memory == size


@pytest.mark.parametrize("given", ["2 Gb/s", "lots", -5, "1 MB", True, 0])
def test_memory_that_is_none_is_refused(given):
    with pytest.raises(ValueError, match=r'memory must be a number of bytes or a size like "2 GB".*Write e\.g\. 2 GB'):
        Evaluation(memory=given)


class Shuffled(InProcessEvaluator):
    """Yields a batch in pieces, in an order of its own."""

    def __init__(self, problem, order):
        super().__init__(problem)
        self.order, self.calls = order, 0

    def evaluate_in_pieces(self, cube, with_gradient):
        for row in self.order(len(cube)):
            self.calls += 1
            yield row, self.evaluate(cube[row : row + 1], with_gradient)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.randoms(use_true_random=False), st.data())
def test_pieces_may_come_in_any_order_and_be_cut_anywhere(size, random, data):
    def order(n):
        return random.sample(range(n), n)

    def run(evaluator, recorded=None, most=None):
        agent = Batches(sizes=(size, size), told=[])
        searcher = Searcher("it", agent, evaluator, np.random.default_rng)
        lease = Lease(0, "it", 2 * size - 1, Region.whole(2), "test", fresh=True)
        steps, parts = work_lease(searcher, lease, 0, recorded, flush_seconds=0.0), []
        try:
            while most is None or len(parts) < most:
                parts.append(next(steps))
        except StopIteration as stop:
            rows, finding = stop.value
            return parts + ([] if rows is None else [rows]), finding
        steps.close()
        return parts, None

    whole, finding = run(InProcessEvaluator(Flaky(99)))
    expected = join_rows(whole)
    cut = data.draw(st.integers(1, 2 * size - 2))
    before, nothing = run(Shuffled(Flaky(99), order), most=cut)
    assert nothing is None
    recorded = join_rows(before)
    known = len(recorded.losses) - len(recorded.gaps)
    evaluator = Shuffled(Flaky(99), order)
    after, again = run(evaluator, recorded)
    # No row is evaluated twice, none is missing, and the finding is the same.
    assert sum(len(part.losses) for part in after) == 2 * size - 1 - known
    got = join_rows(before + after)
    assert got.gaps == ()
    np.testing.assert_array_equal(got.points, expected.points)
    np.testing.assert_array_equal(got.losses, expected.losses)
    assert (again.rows, again.charged, again.failures) == (finding.rows, finding.charged, finding.failures)
    assert again.best.row == finding.best.row


def test_a_tie_goes_to_the_first_row_in_whatever_order_rows_come():
    class Flat(Flaky):
        def evaluate(self, points):
            return np.ones(len(points))

    for order in (range, lambda n: range(n - 1, -1, -1)):
        searcher = Searcher("it", Batches(sizes=(5,), told=[]), Shuffled(Flat(0), order), np.random.default_rng)
        steps = work_lease(searcher, Lease(0, "it", 5, Region.whole(2), "test", fresh=True), 0)
        with pytest.raises(StopIteration, match="best=") as stop:
            next(steps)
        assert stop.value.value[1].best.row == 0


def test_a_slow_batch_is_handed_on_as_it_comes():
    """An expensive batch must not wait for its last row to be recorded."""
    parts, _ = spend(Batches(sizes=(9,), told=[]), Flaky(0), [9])
    assert len(parts) > 1


LACKING = """
name: lacking
budget: 20
landscapes: [{{kind: python, function: "{path}:f", bounds: [[-1, 1]]}}]
strategies: {{it: {{agents: [{{kind: random, batch: 4}}]}}}}
executor: simulated
evaluation: {evaluation}
"""


@pytest.mark.parametrize("evaluation", ["{}", "{workers: 2}"])
def test_a_missing_package_is_nobodys_failure(tmp_path, evaluation):
    """No row fails for it, and none is charged: where the package is installed, the run continues."""
    from searchparty.experiments.api import run
    from searchparty.experiments.spec.load import loads_yaml

    path = tmp_path / "f.py"
    path.write_text("def f(x):\n    import not_to_be_had\n    return 1.0\n")
    results = run(loads_yaml(LACKING.format(path=path, evaluation=evaluation)), out=tmp_path / "out", report=False)
    (error,) = results.errors.values()
    assert "the package 'not_to_be_had' must be installed" in str(error)
    assert sum(r.evaluations for r in results.runs) == 0
