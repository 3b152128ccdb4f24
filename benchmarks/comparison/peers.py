"""The peers, which are the solvers that people would use instead: ``peer(loss, rng)`` runs until the budget is spent.

A peer gets the box [-5, 5]^D, a random stream and the objective. Local solvers start in the middle of the box, which
gives them better results on this suite, and are then restarted at random points, repeatedly. They stop at differences
of 1e-12 instead of their coarser defaults. Both raise their scores.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .problem import HIGH, LOW, BatchRuntimeRecorder, BudgetSpent, RuntimeRecorder

Peer = Callable[[RuntimeRecorder, np.random.Generator], None]


def start_points(dimension: int, rng: np.random.Generator, middle: bool) -> Iterator[np.ndarray]:
    """Yield the middle of the box if ``middle`` is set, then random points of the box without end."""
    if middle:
        yield np.zeros(dimension)
    while True:
        yield rng.uniform(LOW, HIGH, dimension)


def run_scipy_local(
    loss: RuntimeRecorder, rng: np.random.Generator, method: str, middle: bool = True, **settings: Any
) -> None:  # fmt: skip
    from scipy.optimize import minimize

    for start in start_points(loss.dimension, rng, middle):
        minimize(loss, start, method=method, bounds=[(LOW, HIGH)] * loss.dimension, **settings)


def slsqp_in_rounds(loss: BatchRuntimeRecorder, rng: np.random.Generator) -> None:
    """Run SLSQP, restarted at random points, with the points of a gradient side by side (scipy's ``workers``)."""
    from scipy.optimize import minimize

    def evaluate_point(x: np.ndarray) -> float:
        return loss.evaluate_in_rounds(x[None])[0]

    def evaluate_points(_: Any, points: Iterable[np.ndarray]) -> list[float]:
        return loss.evaluate_in_rounds(np.array(list(points)))

    options = {"maxiter": 10**6, "workers": evaluate_points}
    for start in start_points(loss.dimension, rng, middle=True):
        minimize(
            evaluate_point, start, method="SLSQP", bounds=[(LOW, HIGH)] * loss.dimension, tol=1e-12, options=options
        )


def run_nlopt_local(loss: RuntimeRecorder, rng: np.random.Generator, algorithm: str, middle: bool = True) -> None:
    import nlopt

    def evaluate_point(x: np.ndarray, _gradient: np.ndarray) -> float:
        # nlopt converts other exceptions into its own.
        try:
            return loss(x)
        except BudgetSpent:
            raise nlopt.ForcedStop from None

    for start in start_points(loss.dimension, rng, middle):
        solver = nlopt.opt(getattr(nlopt, algorithm), loss.dimension)
        solver.set_min_objective(evaluate_point)
        solver.set_lower_bounds(LOW)
        solver.set_upper_bounds(HIGH)
        solver.set_xtol_rel(1e-10)
        solver.set_xtol_abs(1e-10)
        try:
            solver.optimize(start)
        except (RuntimeError, SystemError, nlopt.RoundoffLimited, nlopt.ForcedStop):
            if loss.over:
                return


def differential_evolution(loss: RuntimeRecorder, rng: np.random.Generator) -> None:
    from scipy.optimize import differential_evolution

    while True:
        differential_evolution(loss, [(LOW, HIGH)] * loss.dimension, rng=rng, tol=0, atol=1e-12, maxiter=10**6)


def dual_annealing(loss: RuntimeRecorder, rng: np.random.Generator) -> None:
    from scipy.optimize import dual_annealing

    while True:
        dual_annealing(loss, [(LOW, HIGH)] * loss.dimension, rng=rng, maxiter=10**6)


def bipop_cma_es(loss: RuntimeRecorder, rng: np.random.Generator, **how: Any) -> None:
    import cma

    # cma draws from numpy's global generator, also in its restarts.
    np.random.seed(int(rng.integers(1, 2**31)))  # noqa: NPY002
    settings = {"verbose": -9, "bounds": [LOW, HIGH], "seed": np.nan, "maxfevals": np.inf, "tolfun": 1e-11}
    while True:
        cma.fmin2(loss, lambda: rng.uniform(-4, 4, loss.dimension), 2.0, settings, restarts=9, bipop=True, **how)


def bipop_in_rounds(loss: BatchRuntimeRecorder, rng: np.random.Generator) -> None:
    """Run BIPOP-CMA-ES and evaluate each population as one batch."""
    bipop_cma_es(loss, rng, parallel_objective=loss.evaluate_in_rounds)


def ngopt(loss: RuntimeRecorder, rng: np.random.Generator) -> None:
    import nevergrad
    from nevergrad.optimization import metamodel

    # nevergrad calls float() on an array of one number, which is an error since numpy 2.4.
    metamodel.float = lambda value: np.asarray(value).item()
    space = nevergrad.p.Array(shape=(loss.dimension,), lower=LOW, upper=HIGH)
    space.random_state = np.random.RandomState(int(rng.integers(2**31)))
    nevergrad.optimizers.NGOpt(space, budget=loss.budget).minimize(lambda x: loss(np.asarray(x)))


def biteopt(loss: RuntimeRecorder, rng: np.random.Generator) -> None:
    from fcmaes import bitecpp
    from scipy.optimize import Bounds

    box = Bounds([LOW] * loss.dimension, [HIGH] * loss.dimension)

    def evaluate_point(x: np.ndarray) -> float:
        # An exception must not cross the C++ code.
        return np.inf if loss.over else loss(np.asarray(x))

    bitecpp.minimize(evaluate_point, box, max_evaluations=loss.budget - loss.evaluations, rg=rng)


ISLANDS = ("de", "cma-es", "sade", "bobyqa")


def archipelago(loss: RuntimeRecorder, rng: np.random.Generator) -> None:
    """Run a ring of DE, CMA-ES, SaDE and BOBYQA. The islands evolve in turn, so their evaluations have an order."""
    evolve_in_turn([loss] * len(ISLANDS), rng)


def evolve_in_turn(losses: list[RuntimeRecorder], rng: np.random.Generator) -> None:
    """Evolve islands in a ring, one per objective, in turn until the budgets of all objectives are spent."""
    import pygmo

    islands = pygmo.archipelago(t=pygmo.ring())
    for number, loss in enumerate(losses):
        seed = int(rng.integers(2**31))
        population = pygmo.population(pygmo.problem(SharedProblem(loss)), size=20, seed=seed)
        algorithm = _build_algorithm(ISLANDS[number % len(ISLANDS)], loss.dimension, seed)
        islands.push_back(pygmo.island(udi=InProcessIsland(), algo=algorithm, pop=population))
    while not all(loss.over for loss in losses):
        for island in islands:
            island.evolve(1)
            island.wait_check()


class SharedProblem:
    """A problem for pygmo, which copies its problems; the copies share one recorder."""

    def __init__(self, loss: RuntimeRecorder) -> None:
        self.loss = loss

    def __copy__(self) -> SharedProblem:
        return self

    def __deepcopy__(self, memo: object) -> SharedProblem:
        return self

    def fitness(self, x: np.ndarray) -> tuple[float]:
        return (1e300 if self.loss.over else self.loss(x),)

    def get_bounds(self) -> tuple[list[float], list[float]]:
        return [LOW] * self.loss.dimension, [HIGH] * self.loss.dimension


class InProcessIsland:
    """An island that evolves in this process."""

    def run_evolve(self, algo: Any, pop: Any) -> tuple[Any, Any]:
        return algo, algo.evolve(pop)


def _build_algorithm(name: str, dimension: int, seed: int) -> Any:
    import pygmo

    if name == "bobyqa":
        solver = pygmo.nlopt("bobyqa")
        solver.xtol_rel, solver.maxeval = 1e-10, 20 * dimension
        return pygmo.algorithm(solver)
    generations = max(1, dimension // 2)
    made = {
        "de": lambda: pygmo.de(gen=generations, seed=seed, ftol=0, xtol=0),
        "sade": lambda: pygmo.sade(gen=generations, seed=seed, ftol=0, xtol=0, memory=True),
        "cma-es": lambda: pygmo.cmaes(gen=generations, seed=seed, memory=True, force_bounds=True, ftol=0, xtol=0),
    }
    return pygmo.algorithm(made[name]())


PEERS: dict[str, Peer] = {
    "SLSQP": partial(run_scipy_local, method="SLSQP", tol=1e-12, options={"maxiter": 10**6}),
    "L-BFGS-B": partial(run_scipy_local, method="L-BFGS-B", tol=1e-12, options={"maxiter": 10**6, "maxfun": 10**9}),
    "Nelder-Mead": partial(
        run_scipy_local, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 10**9}
    ),
    "Powell": partial(run_scipy_local, method="Powell", options={"xtol": 1e-10, "ftol": 1e-12, "maxiter": 10**6}),
    "BOBYQA": partial(run_nlopt_local, algorithm="LN_BOBYQA"),
    "SBPLX": partial(run_nlopt_local, algorithm="LN_SBPLX"),
    "BIPOP-CMA-ES": bipop_cma_es,
    "differential evolution": differential_evolution,
    "dual annealing": dual_annealing,
    "pygmo archipelago": archipelago,
    "BiteOpt (fcmaes)": biteopt,
    "NGOpt (Nevergrad)": ngopt,
}
LOCAL_PEERS = ("SLSQP", "L-BFGS-B", "Nelder-Mead", "Powell", "BOBYQA", "SBPLX")
"""The peers that accept ``middle``."""


def run_peer(peer: Peer, loss: RuntimeRecorder, rng: np.random.Generator) -> None:
    """Run a peer until its budget is spent."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            while not loss.over:
                peer(loss, rng)
        except BudgetSpent:
            pass
