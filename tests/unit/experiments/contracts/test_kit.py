"""The contract kit finds what breaks each clause, names the smallest example, and works without pytest."""

import subprocess
import sys
import time
from typing import Literal

import numpy as np
import pytest
from pydantic import Field

import searchparty
from searchparty import (
    Agent,
    BudgetChoice,
    ContractError,
    Converged,
    Landscape,
    Lease,
    Policy,
    Share,
    Space,
    check_agent,
    check_landscape,
    check_policy,
)
from searchparty.agents.random_search import RandomSearch
from searchparty.experiments.contracts.check import CONTRACTS
from searchparty.experiments.contracts.clause import Clause, Example
from searchparty.experiments.contracts.setting_ends import list_ends, read_schema
from searchparty.landscapes.landscape import Refusal
from searchparty.orchestrator.policies.budget import Bandit
from searchparty.orchestrator.policies.composed import Composed


class Sound(Agent):
    """Draws points, nearer and nearer to its best one."""

    kind: Literal["sound"] = "sound"

    def search(self, space, lease, rng):
        best, loss, width = rng.random(space.dimension), np.inf, 0.5
        while True:
            trial = np.clip(best + width * rng.normal(size=space.dimension), 0, 1)
            told = yield trial[None].copy()
            if told.losses[0] < loss:
                best, loss = trial, told.losses[0]
            else:
                width *= 0.98


class Stray(Sound):
    """Leaves the cube at its 12th point, in three or more dimensions."""

    def search(self, space, lease, rng):
        for _ in range(11):
            yield rng.random((1, space.dimension))
        yield np.full((1, space.dimension), 1.5 if space.dimension >= 3 else 0.5)


class Forgetful(Sound):
    """Takes random numbers from elsewhere."""

    def search(self, space, lease, rng):
        while True:
            yield np.random.default_rng().random((1, space.dimension))


class Miser(Sound):
    """Looks at its budget."""

    def search(self, space, lease, rng):
        while True:
            yield rng.random((1, space.dimension)) / (1 if lease.budget < 10 else 2)


class Believer(Sound):
    """Converges wherever it is, whatever the loss."""

    def search(self, space, lease, rng):
        points = rng.random((3, space.dimension))
        told = yield points
        return Converged(points[0], float(told.losses[0]), "enough")


class Divider(Sound):
    """Divides by the difference of two losses."""

    def search(self, space, lease, rng):
        while True:
            told = yield rng.random((2, space.dimension))
            if told.losses[0] == told.losses[1]:
                raise ZeroDivisionError("the losses are equal")


class Editor(Sound):
    """Changes its proposals."""

    def search(self, space, lease, rng):
        points = rng.random((1, space.dimension))
        while True:
            yield points
            points *= 0.5


class Silent(Sound):
    """Proposes nothing."""

    def search(self, space, lease, rng):
        return None
        yield


class Leaver(Sound):
    """Calls sys.exit."""

    def search(self, space, lease, rng):
        sys.exit(3)
        yield


class Undescribed(Sound):
    """Has a setting that nobody knows."""

    secret: float = 1.0


class Namesake(Sound):
    """Has a setting that no YAML can set."""

    name: str = Field("x", description="A name.")


class Narrow(Sound):
    """Cannot search with its least step."""

    step: float = Field(0.5, ge=0, le=1, description="A step.")

    def search(self, space, lease, rng):
        while True:
            yield rng.random((round(1 / self.step), space.dimension))


class Greedy(Sound):
    """Asks for gradients without saying what they cost."""

    def search(self, space, lease, rng):
        while True:
            points = rng.random((1, space.dimension))
            yield searchparty.WithGradient(points) if space.has_gradient else points

    def row_price(self, space):
        return 1.5


BAD = [
    (Stray, "points-in-cube", "D = 3, seed 0, 12 evaluations, on bowl", "outside the unit cube"),
    (Forgetful, "repeatable", "D = 1, seed 0, 1 evaluation, on bowl", "gave other points: point 0 was"),
    (Forgetful, "budget-unread", "D = 1, seed 0, 1 evaluation", "even the same search under the same lease gave"),
    (Miser, "budget-unread", "D = 1, seed 0, 1 evaluation", "under a lease with another budget"),
    (Believer, "failures", "D = 1, seed 0, 1 evaluation, on every evaluation fails", "it converged to a loss of inf"),
    (
        Divider,
        "plateaus",
        "D = 1, seed 0, 1 evaluation, on plateau",
        "ZeroDivisionError: the losses are equal (",
    ),
    (Editor, "points-in-cube", "D = 1, seed 0, 1 evaluation", "a proposal was changed after it was made"),
    (Silent, "any-lease", "D = 1, seed 0, 1 evaluation", "its search ended without a proposal"),
    (Leaver, "points-in-cube", "D = 1, seed 0, 1 evaluation", "it raised SystemExit: 3"),
    (Undescribed, "described", "", "the setting secret has no description"),
    (Namesake, "described", "", "the setting name has the name of a key of every entry of a team: rename it"),
    (Narrow, "setting-ends", "step = 0.0", "ZeroDivisionError"),
    (Greedy, "row-price", "", "its row_price is 1.5"),
]


@pytest.mark.parametrize(("cls", "clause", "example", "cause"), BAD, ids=[f"{c.__name__}-{n}" for c, n, *_ in BAD])
def test_a_broken_clause_is_named_with_its_smallest_example(cls, clause, example, cause):
    results = {each.clause: each for each in check_agent(cls, raises=False)}
    assert results[clause].is_broken
    assert example in results[clause].example
    assert cause in results[clause].cause
    with pytest.raises(ContractError, match=f"agent sound breaks .* of its contract(.|\n)*{clause}"):
        check_agent(cls)


def test_a_sound_agent_keeps_every_clause():
    results = check_agent(Sound)
    # It has no settings whose range has ends.
    assert [each.clause for each in results if each.state != "kept"] == ["setting-ends"]
    assert [each.clause for each in results] == [clause.name for clause in CONTRACTS["agent"]]


class Sleeper(Sound):
    """Never proposes."""

    def search(self, space, lease, rng):
        time.sleep(100)
        yield


def test_an_agent_that_hangs_is_ended(monkeypatch):
    monkeypatch.setattr("searchparty.experiments.contracts.agent_clauses.LONGEST_THOUGHT", 0.05)
    only = [clause.name for clause in CONTRACTS["agent"] if clause.name != "points-in-cube"]
    (result,) = check_agent(Sleeper, raises=False, left_out=only)
    assert "proposed nothing for 0.05 s" in result.cause


class Bowl:
    """A bowl of any dimension; ``fault`` says what is wrong with it."""

    def __init__(self, dimension, fault):
        lower, upper = np.full(dimension, -1.0), np.full(dimension, 1.0)
        self.space = Space(lower, upper, has_gradient=True, noisy=fault == "noise")
        self.random = np.random.default_rng(0)
        self.fault = fault
        self.minimum = -1.0 if fault == "minimum" else 0.0
        self.minimizers = np.zeros((1, dimension))

    def evaluate(self, points):
        losses = (points**2).sum(axis=1)
        if self.fault == "rows" and len(points) > 4:
            losses += 1e-9
        if self.fault == "points":
            points[:] = 0.0
        if self.fault == "noise":
            losses += 0.1 * self.random.standard_normal(len(points))
        return losses[:, None] if self.fault == "shape" else losses

    def gradient(self, points):
        return points if self.fault == "gradient" else 2 * points


class Faulty(Landscape):
    """A bowl with a fault."""

    kind: Literal["faulty"] = "faulty"
    dimension: int = Field(3, ge=2, description="The number of axes.")
    fault: str = Field("", description="What is wrong.")

    def open(self):
        return Bowl(self.dimension, self.fault)


@pytest.mark.parametrize(
    ("fault", "clause", "example", "cause"),
    [
        ("rows", "independent-rows", "D = 2, 5 random rows, seed 0", "in a batch of 1"),
        ("points", "points-unchanged", "D = 2, 1 random row, seed 0", "evaluate changed the points"),
        ("shape", "losses", "D = 2, 1 random row, seed 0", "losses of shape (1, 1)"),
        ("gradient", "gradients", "D = 2, 1 random row, seed 0", "and differences give"),
        ("minimum", "minimum", "D = 2, 1 random row, seed 0", "the minimum is -1.0"),
    ],
)
def test_a_faulty_landscape_is_found_out(fault, clause, example, cause):
    results = {each.clause: each for each in check_landscape(Faulty(fault=fault), raises=False)}
    assert results[clause].is_broken
    assert results[clause].example == example
    assert cause in results[clause].cause


def test_a_sound_landscape_keeps_every_clause():
    assert {each.state for each in check_landscape(Faulty, thorough=True)} == {"kept"}


def test_a_noisy_landscape_is_not_asked_for_the_same_loss_again():
    found = {each.clause: each.state for each in check_landscape(Faulty(fault="noise"))}
    assert [clause for clause, state in found.items() if state == "left out"] == [
        "independent-rows", "gradients", "minimum",
    ]  # fmt: skip


class Turns(Policy):
    """Grants leases in turn; ``fault`` says what is wrong with it."""

    kind: Literal["turns"] = "turns"
    fault: str = ""

    def decide(self, run, rng):
        able = [m for m in run.idle if m.row_price <= run.remaining]
        if not able or run.free < 1 or (self.fault == "stops" and run.spent > 10):
            return ()
        member = min(able, key=lambda m: (m.leases, m.index))
        budget = min(max(7, member.row_price), run.remaining)
        if self.fault == "overspends":
            budget += run.remaining
        if self.fault == "random":
            budget = max(member.row_price, int(np.random.default_rng().integers(1, budget + 1)))
        reason = "" if self.fault == "silent" else f"turns: {member.leases} leases so far"
        return (Lease(run.leases, member.name, budget, run.region, reason, fresh=member.needs_fresh),)


@pytest.mark.parametrize(
    ("fault", "clause", "cause"),
    [
        ("stops", "budget-used", "evaluations left; a row costs 1"),
        ("overspends", "valid-decisions", "InvalidDecision"),
        ("random", "pure", "taken again, was another"),
    ],
)
def test_a_faulty_policy_is_found_out(fault, clause, cause):
    results = {each.clause: each for each in check_policy(Turns(fault=fault), raises=False)}
    assert results[clause].is_broken
    assert "a team with row prices {m0: 1}, " in results[clause].example
    assert cause in results[clause].cause


def test_a_policy_without_reasons_is_found_out():
    results = {each.clause: each for each in check_policy(Turns(fault="silent"), raises=False)}
    assert results["reasons"].is_broken or results["valid-decisions"].is_broken


def test_a_choice_that_subtracts_losses_is_found_out():
    class BySize(BudgetChoice):
        """Gives more to whoever has the larger loss: it subtracts."""

        kind: Literal["by-size"] = "by-size"

        def share(self, run, lease, rng):
            found = []
            left = run.remaining
            for member in sorted(run.idle, key=lambda m: m.index):
                size = 5 if member.best is None else int(np.clip(abs(member.best.loss) * 3, 1, 20))
                budget = min(max(size, member.row_price), left)
                if member.row_price <= budget and len(found) < run.free:
                    found.append(Share(member.name, budget, "by-size: as its loss"))
                    left -= budget
            return found

    results = {each.clause: each for each in check_policy(BySize(), raises=False)}
    assert results["order-only"].is_broken
    assert "after a monotone change of all losses" in results["order-only"].cause
    assert [each.clause for each in check_policy(Bandit) if each.state != "kept"] == []


def test_sound_policies_keep_every_clause():
    assert {each.state for each in check_policy(Turns)} == {"kept", "left out"}
    assert {each.state for each in check_policy(Composed, thorough=True)} == {"kept"}


def test_what_is_no_agent_is_refused():
    with pytest.raises(Refusal, match="agent must be a Agent, got 'cma-es'. Derive its class from searchparty.Agent."):
        check_agent("cma-es")
    with pytest.raises(Refusal, match="left_out must have names of clauses, got 'cube'"):
        check_agent(RandomSearch, left_out=["cube"])

    class Needy(Sound):
        """Needs a setting."""

        step: float

    with pytest.raises(Refusal, match="agent must be made without settings, got 'Needy', which needs step"):
        check_agent(Needy)


def test_a_function_that_makes_an_agent_is_taken():
    (result,) = check_agent(
        lambda: RandomSearch(batch=3), left_out=[each.name for each in CONTRACTS["agent"] if each.name != "row-price"]
    )
    assert result.state == "kept"


def test_numbers_become_smaller_until_the_least_that_breaks():
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Sizes(Example):
        SHRUNK = (("one", 0), ("other", 5))
        one: int = 100
        other: int = 1000

    def check(_, example):
        assert example.one < 17 or example.other < 321

    result = Clause("c", "s", lambda *_: [Sizes(), Sizes(3)], check).check(None)
    assert result.is_broken
    _, cause = Clause("c", "s", lambda *_: [], check)._shrink(None, Sizes(), "")
    example, _ = Clause("c", "s", lambda *_: [], check)._shrink(None, Sizes(), "")
    assert (example.one, example.other) == (17, 321)
    assert cause


def test_the_ends_of_ranges():
    assert set(list_ends(read_schema(Narrow()))) == {("step", 0.0), ("step", 1e-12), ("step", 1.0)}
    assert {("seconds", np.nextafter(0, 1)), ("dimension", 2), ("dimension", 300)} <= set(
        list_ends(Faulty.model_json_schema())
    )


PYTEST_FILE = """
from searchparty import AgentContract, LandscapeContract, PolicyContract
from searchparty.agents.random_search import RandomSearch
from searchparty.landscapes.classics import Sphere
from searchparty.orchestrator.policies.composed import Composed
import pytest


class TestAgent(AgentContract):
    subjects = (RandomSearch, pytest.param(RandomSearch(batch=7), id="seven"))


class TestLandscape(LandscapeContract):
    subjects = (Sphere,)


class TestPolicy(PolicyContract):
    subjects = (Composed,)

    def test_of_its_own(self):
        assert True
"""


def test_pytest_finds_a_test_for_each_object_and_clause(tmp_path):
    (tmp_path / "test_mine.py").write_text(PYTEST_FILE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_mine.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "2 failed" in done.stdout, done.stdout
    count = 2 * len(CONTRACTS["agent"]) + len(CONTRACTS["landscape"]) + len(CONTRACTS["policy"]) + 1
    assert f"{count - 2} passed" in done.stdout, done.stdout
    assert "seven-better-than-random" in done.stdout
    assert "agent random breaks 1 clause of its contract" in done.stdout


def test_pytest_is_not_needed():
    code = (
        "import sys; import searchparty; from searchparty.agents.random_search import RandomSearch; "
        "from searchparty.experiments.contracts.check import CONTRACTS; "
        "slow = [clause.name for clause in CONTRACTS['agent'] if clause.name not in ('points-in-cube', 'failures')]; "
        "searchparty.check_agent(RandomSearch, left_out=slow); searchparty.AgentContract; "
        "print('pytest' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
