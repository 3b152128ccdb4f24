"""``searchparty.minimize``: the interface for a single function."""

import functools
import re
import warnings
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pytest
from scipy.optimize import Bounds, OptimizeResult

import searchparty
from searchparty import Agent
from searchparty.agents.agent import Finding, Incumbent, Lease, Region, Rows
from searchparty.agents.random_search import RandomSearch
from searchparty.experiments.minimization.result import build_partial_result
from searchparty.experiments.minimize import default_team
from searchparty.landscapes.arguments import ArrayArguments, NamedArguments
from searchparty.landscapes.landscape import Space
from searchparty.landscapes.parameters import parse_parameters
from searchparty.orchestrator.log.log import MemoryLog
from searchparty.orchestrator.policies.party import Party
from searchparty.orchestrator.state.advance import advance
from searchparty.orchestrator.state.events import Collected, Granted, findings
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run


def bowl(x):
    return float(((x - 0.3) ** 2).sum())


BOX = [(-1.0, 1.0)] * 3


class QuitsAtOnce(Agent):
    kind: Literal["quits-at-once"] = "quits-at-once"

    def search(self, space, lease, rng):
        raise ValueError("no reason")
        yield


def test_it_returns_what_scipy_returns():
    result = searchparty.minimize(bowl, BOX, budget=1500, seed=1)
    assert isinstance(result, OptimizeResult)
    assert result.success
    np.testing.assert_allclose(result.x, 0.3, atol=1e-2)
    assert result.fun == bowl(result.x)
    assert result.nfev == 1500
    assert result.message == "budget spent"
    assert result.agent


NAMED = {"rate": {"low": 1e-3, "high": 1.0, "log": True}, "kernel": {"choices": ["a", "b"]}, "momentum": 0.9}


def named_loss(setting):
    return setting["rate"] + (setting["kernel"] == "a")


def half_broken(x):
    return bowl(x) if x[0] > 0 else None


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        (lambda: searchparty.minimize(bowl, BOX, budget=60, seed=1), ["failures: {}", "agent_failures: {}"]),
        (lambda: searchparty.minimize(named_loss, parameters=NAMED, budget=60, seed=1),
         ["rate: ", "kernel: b", "momentum: 0.9"]),
        (lambda: searchparty.minimize(half_broken, BOX, budget=60, seed=1),
         ["failures: returned None", "agent_failures: {}"]),
        (lambda: searchparty.minimize(lambda x: None, BOX, budget=60, seed=1), ["success: False", "x: None"]),
        (lambda: searchparty.minimize(bowl, BOX, budget=60, seed=1, team=[QuitsAtOnce(), "random"]),
         ["failures: {}", "agent_failures: quits-at-once: failed in "]),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::searchparty.SearchpartyWarning")
def test_a_result_can_be_printed(call, shown):
    result = call()
    for text in (str(result), repr(result), f"{result}"):
        for words in shown:
            assert words in text
        for name in result:
            assert f"{name}: " in text
        # The spelling of scipy, in its order.
        assert text.lstrip().startswith("message: ")
    # What is shown is the text alone.
    assert isinstance(result.agent_failures, dict)
    assert isinstance(result.failures, dict)


def test_ipython_shows_a_result():
    pretty = pytest.importorskip("IPython.lib.pretty").pretty
    assert "agent_failures: {}" in pretty(searchparty.minimize(bowl, BOX, budget=60, seed=1))


def test_every_evaluation_is_counted():
    calls = []
    result = searchparty.minimize(lambda x: calls.append(1) or bowl(x), BOX, budget=700, seed=1)
    assert len(calls) == result.nfev == 700


def test_the_seed_decides():
    def rugged(x):
        return bowl(x) + float(np.abs(np.sin(9 * x.sum() + 5 * x[0])))

    first, second, other = (searchparty.minimize(rugged, BOX, budget=300, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.x, second.x)
    tried = [np.vstack([found.log.rows(lease).points for lease in range(found.nit)]) for found in (first, other)]
    assert tried[0].shape != tried[1].shape or (tried[0] != tried[1]).any()
    again = searchparty.minimize(bowl, BOX, budget=300, seed=searchparty.minimize(bowl, BOX, budget=300).seed)
    assert again.success


def test_vectorized_functions_get_batches():
    shapes = []

    def batch(x):
        shapes.append(x.shape)
        return ((x - 0.3) ** 2).sum(axis=1)

    result = searchparty.minimize(batch, BOX, budget=300, seed=1, vectorized=True, team=["grid"])
    assert max(n for n, _ in shapes) > 1
    assert result.fun == pytest.approx(bowl(result.x))


@pytest.mark.parametrize("bounds", [Bounds([-1, -1], [1, 2]), [(-1, 1), (-1, 2)], np.array([[-1, 1], [-1, 2]])])
def test_bounds_as_scipy_takes_them(bounds):
    result = searchparty.minimize(bowl, bounds, budget=200, seed=1)
    assert result.x.shape == (2,)


def test_gradients_are_used_and_charged():
    asked = []
    result = searchparty.minimize(
        bowl, BOX, budget=100, seed=1, team=["gradient-descent"], gradient=lambda x: asked.append(1) or 2 * (x - 0.3)
    )
    assert asked
    assert result.nfev <= 100


def test_a_team_and_a_policy_of_ones_own():
    team = {"one": RandomSearch(), "two": {"kind": "random", "batch": 5}, "three": "grid"}
    policy = {"kind": "composed", "budget": "equal", "lease": 10}
    result = searchparty.minimize(bowl, BOX, budget=120, seed=1, team=team, policy=policy, concurrency=3)
    assert result.agent in team
    assert result.nit >= 12


def test_a_target_stops_early():
    result = searchparty.minimize(bowl, BOX, budget=100_000, seed=1, target=1e-3)
    assert result.fun <= 1e-3
    assert result.nfev < 100_000
    assert "target" in result.message


def test_failures_are_charged_and_never_the_best():
    def half(x):
        if x[0] < 0:
            raise ValueError("no")
        return float("nan") if x[1] < 0 else bowl(x)

    result = searchparty.minimize(half, BOX, budget=400, seed=1)
    assert result.nfail > 0
    assert np.isfinite(result.fun)
    assert result.x[0] >= 0


def test_nothing_finite_is_no_success():
    with pytest.warns(searchparty.SearchpartyWarning, match="all evaluations failed: the objective returned nan"):
        result = searchparty.minimize(lambda x: float("nan"), BOX, budget=50, seed=1)
    assert not result.success
    assert result.x is None
    assert result.message == "all evaluations failed: the objective returned nan (budget spent)"
    # Points without a loss may be hidden constraints, so they do not stop a run.
    assert (result.nfev, result.nfail, result.failures) == (50, 50, {"returned nan": 50})


def broken_name(x):
    return undefined_name * x[0]  # noqa: F821


@pytest.mark.parametrize(
    ("fun", "cause"),
    [
        (broken_name, "raised NameError: name 'undefined_name' is not defined; in test_minimize.py:"),
        (lambda x: (bowl(x), {"note": 1}), "returned a tuple of 2, must be one real number; in test_minimize.py:"),
        (lambda x: None, "returned None, must be one real number; in test_minimize.py:"),
        (lambda x: x + "1", "raised "),
        (lambda x: x.sumup(), "raised AttributeError: 'numpy.ndarray' object has no attribute 'sumup'; in test_"),
        (lambda x: __import__("searchparty").nothing_of_this_name, "raised AttributeError: "),
    ],
)
@pytest.mark.parametrize("concurrency", [1, 3])
def test_an_error_of_the_program_ends_the_run_after_ten_rows(fun, cause, concurrency):
    calls = []
    with pytest.warns(searchparty.SearchpartyWarning) as issued:
        result = searchparty.minimize(
            lambda x: (calls.append(1), fun(x))[1], BOX, budget=400, seed=1, concurrency=concurrency
        )
    (warning,) = issued
    assert warning.filename == __file__
    assert str(warning.message) == result.message
    assert result.message.startswith(f"all evaluations failed: the objective {cause[:20]}")
    assert result.message.endswith(f"(the run stopped after {len(calls)} evaluations)")
    assert (result.success, result.x, result.fun) == (False, None, np.inf)
    # Leases that are out at the same time cannot know of each other.
    assert len(calls) == result.nfev == result.charged
    assert 10 <= len(calls) <= 10 * concurrency
    (told,) = result.failures
    assert told.startswith(cause)


WRONG_PARTS = [
    ({"team": ["slsqp", "cmaes"]}, "team.1 must be a known agent, got 'cmaes'. Did you mean 'cma-es'?"),
    ({"team": {"mine": "cmaes"}}, "team.mine must be a known agent, got 'cmaes'. Did you mean 'cma-es'?"),
    ({"team": [{"kind": "cmaes"}]}, "team.0.kind must be a known agent, got 'cmaes'. Did you mean 'cma-es'?"),
    ({"team": [{"kind": "cma-es", "populaton": 3}]},
     "team.0.populaton must be a known setting, got 'populaton'. Did you mean 'population'?"),
    ({"team": ["random", {"kind": "cma-es", "population": 0}]}, "team.1.population must be "),
    ({"team": [{"population": 3}]}, "team.0.kind must be a kind of agent, got nothing. "),
    ({"team": [3]}, "team.0 must be a kind, a mapping with a kind, or an instance of Agent, got 3. "),
    ({"policy": "bandit"},
     "policy must be a known policy, got 'bandit'. It is a budget rule of composed: write "
     "{kind: composed, budget: bandit}."),
    ({"policy": "broadcast"},
     "policy must be a known policy, got 'broadcast'. It is a sharing rule of composed: write "
     "{kind: composed, sharing: broadcast}."),
    ({"policy": "cma-es"}, "policy must be a known policy, got 'cma-es'. It is a kind of agent. Known: "),
    ({"policy": "partty"}, "policy must be a known policy, got 'partty'. Did you mean 'party'?"),
    ({"policy": {"kind": "composed", "budget": "bandi"}}, "policy.budget must be one of "),
    ({"policy": {"kind": "composed", "lease": 0}}, "policy.lease must be at least 1, got 0. "),
    ({"policy": 3}, "policy must be a kind, a mapping with a kind, or an instance of Policy, got 3. "),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG_PARTS)
def test_a_wrong_agent_or_policy_is_named_by_its_argument(arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        searchparty.minimize(bowl, BOX, **arguments)


@pytest.mark.parametrize("args", [(), (1,)])
def test_a_start_that_a_function_refuses_is_named_before_anything_is_evaluated(args):
    calls = []
    with pytest.raises(ValueError, match=r"^x0 must meet the constraints, got .*: infeasible: <lambda>\. Change one"):
        searchparty.minimize(
            lambda s, *more: calls.append(s),
            parameters={"n": {"low": 1, "high": 9, "integer": True}, "kind": "a"},
            x0={"n": 3},
            args=args,
            constraints=["n > 0", lambda s: s["n"] > 3 and s["kind"] == "a"],
        )
    assert calls == []


def test_a_mapping_in_place_of_bounds_is_parameters():
    given = {"n": {"low": 1, "high": 9, "integer": True}, "kind": "a"}
    found, named = (
        searchparty.minimize(lambda s: abs(s["n"] - 4), *args, budget=9, seed=1, **more)
        for args, more in (((given,), {}), ((), {"parameters": given}))
    )
    assert found.params == named.params == {"n": 4, "kind": "a"}


def test_a_constraint_that_raises_is_named_as_such():
    with pytest.warns(searchparty.SearchpartyWarning, match="^all evaluations failed: constraint <lambda> raised Zero"):
        searchparty.minimize(bowl, BOX, budget=12, seed=1, constraints=lambda x: 1 / 0)


@pytest.mark.parametrize("vectorized", [False, True])
def test_a_function_that_takes_no_dict_is_told_of_names(vectorized):
    words = r"raised KeyError: 0; it is called with a dict of values by name: write setting\['b'\]"
    with pytest.warns(searchparty.SearchpartyWarning, match=words):
        searchparty.minimize(
            lambda x: x[0], {"a": 1, "b": {"low": 0, "high": 1}}, budget=5, seed=0, vectorized=vectorized
        )


def test_infeasible_settings_do_not_keep_a_broken_program_running():
    calls = []
    with pytest.warns(searchparty.SearchpartyWarning, match=r"the run stopped after 10 evaluations"):
        result = searchparty.minimize(
            lambda x: calls.append(1), BOX, budget=150, seed=1, constraints=["x1 + x2 < 0.1"], team=["random"]
        )
    assert len(calls) == result.nfev == 10
    assert not result.success


def test_a_run_goes_on_if_one_of_the_first_rows_has_a_loss():
    calls = []

    def ninth(x):
        calls.append(1)
        return bowl(x) if len(calls) == 9 else None

    result = searchparty.minimize(ninth, BOX, budget=100, seed=1)
    assert (len(calls), result.nfev, result.nfail, result.success) == (100, 100, 99, True)
    assert result.message == "budget spent"


def test_a_run_goes_on_if_the_first_rows_fail_for_different_errors():
    calls = []

    def alternating(x):
        calls.append(1)
        raise TypeError if len(calls) % 2 else NameError

    with pytest.warns(searchparty.SearchpartyWarning, match=r"most often: 50 of 100 times"):
        result = searchparty.minimize(alternating, BOX, budget=100, seed=1)
    assert result.nfev == 100


def test_a_warning_made_an_exception_has_the_result():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(searchparty.SearchpartyWarning, match="all evaluations failed") as raised:
            searchparty.minimize(lambda x: float("inf"), BOX, budget=30, seed=1)
    assert raised.value.result.nfev == 30
    assert raised.value.result.curve.shape[1] == 2


@pytest.mark.parametrize("vectorized", [False, True])
@pytest.mark.parametrize("team", [["gradient-descent"], ["slsqp", "cma-es"], ["grid"]])
def test_points_gradients_and_charges_are_counted_apart(vectorized, team):
    points, gradients = [], []

    def fun(x):
        points.extend(np.atleast_2d(x))
        return ((x - 0.3) ** 2).sum(axis=-1)

    def gradient(x):
        gradients.extend(np.atleast_2d(x))
        return 2 * (x - 0.3)

    result = searchparty.minimize(fun, BOX, budget=150, seed=1, team=team, gradient=gradient, vectorized=vectorized)
    assert (result.nfev, result.njev) == (len(points), len(gradients))
    assert result.charged == result.nfev + result.njev <= 150
    assert (len(gradients) > 0) == (team != ["grid"])


def undefined_gradient(x):
    return 2 * (x - middle)  # noqa: F821


@pytest.mark.parametrize(
    ("gradient", "cause"),
    [
        (undefined_gradient, "raised NameError: name 'middle' is not defined; in test_minimize.py:"),
        (lambda x: None, "returned None, must be 3 real numbers; in test_minimize.py:"),
        (lambda x: x[:2], "returned an array of shape (2,) and type float64, must be 3 real numbers; in test_min"),
        (lambda x: "123", "returned a str '123', must be 3 real numbers; in test_min"),
        (lambda x: x * np.nan, "returned nan"),
    ],
)
def test_a_gradient_that_fails_is_counted_and_told(gradient, cause):
    calls = []

    def counted(x):
        calls.append(1)
        return gradient(x)

    with pytest.warns(searchparty.SearchpartyWarning, match="gradients failed: the gradient "):
        result = searchparty.minimize(bowl, BOX, budget=100, seed=1, team=["gradient-descent"], gradient=counted)
    assert result.njev == result.njfail == len(calls) > 0
    assert (result.nfail, result.success) == (0, True)
    assert np.isfinite(result.fun)
    (told,) = result.failures
    assert told.startswith("the gradient ")
    assert told[len("the gradient ") :].startswith(cause.split("; in ")[0])
    assert f"{len(calls)} of {len(calls)} gradients failed: {told}" in result.message


@pytest.mark.parametrize(("confirmed", "fun"), [(True, 0.5), (False, -9.0)])
def test_an_interruption_leaves_the_point_that_repeats_have_chosen(confirmed, fun):
    members = {name: Member(name, index, 1) for index, name in enumerate("ab")}
    run = Run("r", Space(np.zeros(1), np.ones(1)), 1.0, 40, 2, Region.whole(1), members)
    leases = tuple(Lease(number, name, 20, run.region, "any", repeats=name == "a") for number, name in enumerate("ab"))
    advance(run, Granted(0, leases))
    chosen = Incumbent("a", 0, 0, np.array([0.3]), 0.5)
    advance(run, Collected(Finding(0, "a", 20, 20, "spent", chosen, noisy=True, confirmed=confirmed)))
    log = MemoryLog()
    log.add_rows(1, Rows(0, np.array([[0.8]]), np.array([-9.0])))
    landscape = SimpleNamespace(parameters=None, arguments=ArrayArguments(((0.0, 1.0),)))
    result = build_partial_result(SimpleNamespace(landscape=landscape, seed=1), run, log, "KeyboardInterrupt")
    assert (result.fun, result.agent, result.success) == (fun, "a" if confirmed else "b", False)


def interrupt_repeats(*told):
    """Return the result of a run that ends within its first lease of repeats, at points with these losses."""
    members = {name: Member(name, index, 1) for index, name in enumerate("abc")}
    run = Run("r", Space(np.zeros(1), np.ones(1)), 1.0, 60, 2, Region.whole(1), members)
    leases = [Lease(n, name, 20, run.region, "any", repeats=name == "b") for n, name in enumerate("abc")]
    advance(run, Granted(0, tuple(leases)))
    advance(run, Collected(Finding(0, "a", 20, 20, "spent", Incumbent("a", 0, 0, np.array([0.3]), -1.0), noisy=True)))
    log = MemoryLog()
    log.add_rows(0, Rows(0, np.array([[0.3]]), np.array([-1.0])))
    points, losses = np.array([point for point, _ in told])[:, None], np.array([loss for _, loss in told])
    log.add_rows(1, Rows(0, points, losses))
    landscape = SimpleNamespace(parameters=None, arguments=ArrayArguments(((0.0, 1.0),)))
    return build_partial_result(SimpleNamespace(landscape=landscape, seed=1), run, log, "KeyboardInterrupt")


@pytest.mark.parametrize(
    ("told", "x", "fun", "observed"),
    [
        # The best on the mean, though it is above what luck had found; a point that was not repeated does not count.
        ([(0.3, 1.0), (0.3, 2.0), (0.5, 0.5), (0.5, 0.7), (0.9, -9.0)], 0.5, 0.6, [0.5, 0.7]),
        ([(0.3, 0.1), (0.3, 0.3), (0.5, -5.0), (0.5, 7.0)], 0.3, 0.2, [-1.0, 0.1, 0.3]),
        # Repeats that leave no choice yet.
        ([(0.3, -3.0), (0.3, 2.0)], 0.3, -1.0, [-1.0, -3.0, 2.0]),
        # An agent that does not know of repeats carries on.
        ([(0.4, -3.0), (0.5, 2.0)], 0.4, -3.0, [-3.0]),
    ],
    ids=["another", "the same", "no choice", "no repeats"],
)
def test_an_interruption_among_repeats_leaves_no_lucky_point(told, x, fun, observed):
    result = interrupt_repeats(*told)
    assert (result.x.tolist(), result.fun, result.observed.tolist()) == ([x], pytest.approx(fun), observed)
    assert (result.agent, result.noisy) == ("a" if told[0][0] == 0.3 and fun == -1.0 else "b", True)


def test_all_values_of_a_setting_are_observed_at_its_point_wherever_in_its_step_that_was():
    rng, seen = np.random.default_rng(1), []

    def loss(given):
        seen.append((given["a"], given["b"], (given["a"] - 2) ** 2 + (given["b"] - 1) ** 2 + rng.normal()))
        return seen[-1][2]

    whole = {"low": 0, "high": 4, "integer": True}
    found = searchparty.minimize(
        loss, parameters={"a": whole, "b": whole}, budget=100, seed=1, noisy=True, team=["cma-es"]
    )
    here = [value for a, b, value in seen if (a, b) == (found.params["a"], found.params["b"])]
    assert len(here) > 5
    assert found.observed.tolist() == here


def test_the_result_has_all_values_that_were_observed_at_its_point():
    rng = np.random.default_rng(3)
    noisy = searchparty.minimize(lambda x: bowl(x) + 0.1 * rng.standard_normal(), [(-5, 5)] * 3, budget=400, seed=3)
    assert noisy.noisy
    assert len(noisy.observed) > 1
    assert noisy.observed.min() < noisy.fun < noisy.observed.max()
    exact = searchparty.minimize(bowl, [(-5, 5)] * 2, budget=50, seed=3)
    assert (exact.noisy, exact.fun in exact.observed, np.ptp(exact.observed)) == (False, True, 0.0)
    with pytest.warns(searchparty.SearchpartyWarning):
        nothing = searchparty.minimize(lambda x: float("nan"), [(-5, 5)] * 2, budget=30, seed=3)
    assert (len(nothing.observed), nothing.x) == (0, None)


def test_gradients_that_fail_at_times_leave_the_others():
    calls = []

    def sometimes(x):
        calls.append(1)
        if len(calls) % 3 == 0:
            raise ValueError("no slope here")
        return 2 * (x - 0.3)

    result = searchparty.minimize(bowl, BOX, budget=100, seed=1, team=["gradient-descent"], gradient=sometimes)
    assert (result.njev, result.njfail) == (len(calls), len(calls) // 3)
    assert result.failures == {"the gradient raised ValueError: no slope here": len(calls) // 3}


@pytest.mark.parametrize("errors", ["raise", "ignore", "warn"])
@pytest.mark.parametrize("filtered", ["error", "ignore", "always"])
def test_the_state_of_the_calling_program_decides_no_finding(errors, filtered):
    def risky(x):
        with_overflow = np.exp(800 * (1 + x[0])) / np.exp(800 * (1 + x[0]))
        warnings.warn("mine", stacklevel=1)
        return float(bowl(x) + np.nan_to_num(with_overflow) * 1e308 - np.float64(1.0) / np.float64(x[1] > 0) * 1e308)

    # The same in a process in which nothing was set.
    with np.errstate(divide="warn", over="warn", invalid="warn"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        usual = searchparty.minimize(risky, BOX, budget=200, seed=3)
    with np.errstate(all=errors), warnings.catch_warnings(record=filtered == "always"):
        warnings.simplefilter(filtered)
        kept = list(warnings.filters)
        here = searchparty.minimize(risky, BOX, budget=200, seed=3)
        assert warnings.filters == kept
        assert np.geterr()["over"] == errors
    assert here.failures == usual.failures
    assert 0 < usual.nfail < 200
    np.testing.assert_array_equal(here.curve, usual.curve)
    np.testing.assert_array_equal(here.x, usual.x)


def test_losses_near_the_largest_float_draw_no_warning():
    for team in (None, ["grid"], ["nelder-mead"], ["derivative-free"], ["random-restart"], ["surrogate"], ["global"]):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = searchparty.minimize(
                lambda x: 1.7e308 if x[0] < 0 else -1.7e308, [(-1, 1)] * 3, budget=200, seed=1, team=team
            )
        assert (result.fun, result.nfail) == (-1.7e308, 0)


@pytest.mark.ray
@pytest.mark.extras
def test_ray_finds_the_same(local_ray):
    here, there = (
        searchparty.minimize(bowl, BOX, budget=400, seed=4, executor=executor, concurrency=3)
        for executor in ("simulated", "ray")
    )
    np.testing.assert_array_equal(here.x, there.x)
    assert here.nfev == there.nfev


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bounds": [(1, -1)]}, r"bounds must be finite pairs with low <= high"),
        ({"bounds": [(0, np.inf)]}, r"bounds must be finite pairs"),
        ({"constraints": 5}, "constraints.0 must be a condition or a function, got 5"),
        ({"constraints": ["x1 < 1", None]}, "constraints.1 must be a condition or a function, got null"),
        ({"constraints": "y < 1"}, "constraints.0 must name parameters, got 'y'"),
        ({"noisy": "yes"}, "noisy must be True or False, got 'yes'"),
        ({"args": [1]}, "args must be a tuple"),
        ({"callback": 1}, "callback must be a function, got 1"),
        ({"x0": [9] * len(BOX)}, "x0 must lie within the bounds, got 9"),
        ({"x0": [0, [1]]}, "x0 must be a list of"),
        ({"parameters": {"a": 1}}, "bounds must be given, or parameters in place of them, got both"),
        ({"bounds": None, "parameters": {"a": {"low": 1, "high": 0}}}, "^parameters.a.low must be at most high"),
        ({"bounds": None, "parameters": {}}, "^parameters must be a mapping"),
        ({"bounds": 3}, r"bounds must be pairs \(low, high\)"),
        ({"bounds": [(0, 1), (-1.7e308, 1.7e308)]}, r"bounds must have a finite width, got \(-1.7e\+308, 1.7e\+308\)"),
        ({"bounds": [(0, 10**400)]}, "bounds must be pairs"),
        ({"budget": 0}, "budget must be a whole number of evaluations from 1 to 1,000,000,000"),
        ({"budget": np.inf}, "budget must be a whole number"),
        ({"budget": True}, "budget must be a whole number"),
        ({"seed": -1}, r"seed must be a whole number from 0 to 2\*\*63 - 1, got -1"),
        ({"seed": 2**63}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"seed": True}, "seed must be a whole number"),
        ({"seed": "7"}, "seed must be a whole number"),
        ({"seed": np.random.default_rng(1)}, "seed must be a whole number"),
        ({"target": "0.1"}, "target must be a finite number, got '0.1'"),
        ({"target": np.nan}, "target must be a finite number"),
        ({"target": -np.inf}, "target must be a finite number"),
        ({"concurrency": np.inf}, "concurrency must be a whole number"),
        ({"concurrency": "2"}, "concurrency must be a whole number"),
        ({"vectorized": "no"}, "vectorized must be True or False"),
        ({"team": {}}, "team must be a list of agents"),
        ({"team": [3]}, "team.0 must be a kind, a mapping with a kind, or an instance of Agent, got 3"),
        ({"policy": 3}, "policy must be a kind"),
        ({"gradient": 3}, "gradient must be callable, got int"),
        ({"gradient": lambda x, y: x}, r"gradient must take one argument, a point \(D,\), got <lambda>\(x, y\)"),
        ({"budget": 1.5}, "budget must be a whole number"),
        ({"concurrency": 0}, "concurrency must be a whole number"),
        ({"executor": "slurm"}, "executor must be 'simulated' or 'ray', got 'slurm'"),
        ({"team": []}, "team must be a list of agents"),
        ({"team": ["gird"]}, "Did you mean 'grid'"),
        ({"team": [{"kind": "grid", "points_per_axis": 1}]}, "points_per_axis"),
        ({"policy": "compose"}, "Did you mean 'composed'"),
    ],
)
def test_mistakes_are_explained(settings, message):
    with pytest.raises(ValueError, match=message):
        searchparty.minimize(bowl, **({"bounds": BOX, "budget": 50} | settings))


NUMBERS = (np.int64(5), 5.0, np.int32(50), "25 D", np.float32(0.5), 1, np.False_)
NAMES = ("seed", "seed", "budget", "budget", "target", "target", "vectorized")


@pytest.mark.parametrize("settings", [{name: number} for name, number in zip(NAMES, NUMBERS, strict=True)])
def test_numbers_of_any_type_are_settings(settings):
    result = searchparty.minimize(bowl, BOX[:2], **({"budget": 50, "seed": 5} | settings))
    assert result.success
    assert result.seed == 5
    assert result.charged <= 50


@pytest.mark.parametrize(
    ("fun", "message"),
    [
        (None, "fun must be callable, got NoneType"),
        ("sphere", "fun must be callable, got str"),
        (lambda: 0.0, r"fun must take one argument, a point \(D,\), got <lambda>\(\): too many positional arguments"),
        (lambda x, y: 0.0, r"fun must take one argument, .* missing a required argument: 'y'"),
        (lambda x, *, scale: 0.0, r"missing a required argument: 'scale'"),
    ],
)
def test_what_cannot_be_called_is_refused_before_anything_is_evaluated(fun, message):
    with pytest.raises(ValueError, match=message):
        searchparty.minimize(fun, BOX, budget=30, seed=1)


class Callable:
    def __call__(self, x, scale=1.0):
        return scale * bowl(x)


def decorated(x, extra):
    return bowl(x) + extra


@functools.wraps(decorated)
def decorator(*arguments):
    return decorated(*arguments, 0.0)


@pytest.mark.parametrize(
    "fun", [Callable(), Callable().__call__, functools.partial(decorated, extra=0.0), decorator, np.linalg.norm, np.sum]
)
def test_whatever_takes_a_point_is_called(fun):
    assert searchparty.minimize(fun, BOX, budget=30, seed=1).nfail == 0


def test_the_default_team_grows_with_concurrency():
    teams = [default_team(n, Party(), ArrayArguments(((0.0, 1.0),) * 2), 400) for n in (1, 3, 8, 14)]
    assert teams[0] == teams[1] == ("slsqp", "axes", "cma-es")
    assert teams[2] == ("slsqp", "axes", "cma-es", "slsqp", "cma-es", "derivative-free", "slsqp", "slsqp")
    assert len(teams[3]) == 14
    result = searchparty.minimize(bowl, BOX, budget=400, seed=1, concurrency=8)
    assert len({finding.agent for finding in findings(result.log.events())}) == 8


def test_a_member_that_is_switched_off_by_an_empty_name_is_not_in_the_default_team():
    few = ArrayArguments(((0.0, 1.0),) * 2)
    stepped = NamedArguments(parse_parameters({"depth": {"low": 1, "high": 9, "integer": True}}))
    assert default_team(1, Party(), few, 20) == ({"kind": "slsqp", "goes_on": True}, "axes", "cma-es", "splines")
    assert default_team(1, Party(sprinter=""), few, 20) == ("slsqp", "axes", "cma-es")
    assert default_team(1, Party(), stepped, 20) == ("slsqp", "axes", "cma-es", "gaussian-process")
    assert default_team(1, Party(planner=""), stepped, 20) == ("slsqp", "axes", "cma-es")
    result = searchparty.minimize(bowl, BOX, budget=20, seed=1, policy={"kind": "party", "sprinter": ""})
    assert result.nfev == 20


@pytest.mark.parametrize("policy", ["party", "composed", "exploit-and-explore"])
def test_the_log_says_that_the_first_row_is_the_start(policy):
    def reasons(**more):
        found = searchparty.minimize(bowl, BOX, budget=40, seed=1, team=["random", "axes"], policy=policy, **more)
        rows = found.log.rows(0)
        return [
            lease.reason for event in found.log.events() if isinstance(event, Granted) for lease in event.leases
        ], rows

    without, _ = reasons()
    first, *others = reasons(x0=[0.5, -0.5, 0.25])[0]
    assert first.endswith("; row 0 is the start")
    assert not any("is the start" in reason for reason in (*without, *others))
    np.testing.assert_allclose(reasons(x0=[0.5, -0.5, 0.25])[1].points[0] * 2 - 1, [0.5, -0.5, 0.25])
