"""gest-api both ways: a team as a generator, and generators as agents, with gest-api itself."""

import math
import pickle
import sys
import types
from typing import ClassVar

import numpy as np
import pytest

import searchparty
from searchparty.agents.agent import Incumbent, Lease, Region, Told
from searchparty.experiments.spec.load import Experiment
from searchparty.landscapes.landscape import Space

pytestmark = pytest.mark.extras
gest_api = pytest.importorskip("gest_api", reason="gest-api is not installed")
gest_vocs = pytest.importorskip("gest_api.vocs")


def make_vocs(**more):
    settings = {
        "variables": {"x": [-1.0, 1.0], "n": {1, 2, 5}, "kind": {"a", "b"}},
        "objectives": {"f": "MINIMIZE"},
        "constants": {"c": 0.5},
    }
    return gest_vocs.VOCS(**(settings | more))


def loss(point):
    return (point["x"] - point["c"]) ** 2 + abs(point["n"] - 2) + (point["kind"] == "a")


def work(generator, rounds, number=1, sign=1.0):
    found = []
    for _ in range(rounds):
        points = generator.suggest(number)
        assert number is None or len(points) == number
        found += points
        generator.ingest([point | {"f": sign * loss(point)} for point in points])
    return found


def make_generator(vocs=None, **options):
    return searchparty.SearchPartyGenerator(vocs or make_vocs(), **({"budget": 80, "seed": 1} | options))


def test_it_is_a_generator_that_finds_the_minimum():
    generator = make_generator()
    assert isinstance(generator, gest_api.Generator)
    points = work(generator, 80)
    assert generator.best["n"] == 2
    assert generator.best["kind"] == "b"
    assert abs(generator.best["x"] - 0.5) < 0.01
    assert all(point.keys() == {"x", "n", "kind", "c", "_id"} for point in points)
    assert all(-1 <= point["x"] <= 1 and point["n"] in {1, 2, 5} and point["c"] == 0.5 for point in points)
    generator.finalize()


def test_the_seed_decides_and_maximize_mirrors():
    one, again, other = work(make_generator(), 30), work(make_generator(), 30), work(make_generator(seed=2), 30)
    assert one == again != other
    assert work(make_generator(make_vocs(objectives={"f": "MAXIMIZE"})), 30, sign=-1.0) == one


@pytest.mark.parametrize("number", [0, 1, 3, 7])
def test_as_many_points_as_are_asked_for(number):
    generator = make_generator()
    points = work(generator, 12, number)
    assert len({point["_id"] for point in points}) == len(points) == 12 * number


def test_without_a_number_the_team_decides():
    generator = make_generator(team=[{"kind": "random", "batch": 4}], policy="composed")
    assert len(generator.suggest()) == 4
    # The team waits for its results.
    (drawn,) = generator.suggest(None)
    assert drawn["_id"] < 0


def test_failures_are_never_the_best():
    generator = make_generator()
    for _ in range(40):
        (point,) = generator.suggest(1)
        generator.ingest([point | {"f": math.nan if point["x"] < 0 else loss(point)}])
    assert generator.best["x"] >= 0


def test_the_search_begins_at_what_is_known():
    generator = make_generator(team=["slsqp"], vocs=make_vocs(variables={"x": [-1.0, 1.0], "y": [0.0, 1.0]}))
    generator.ingest([{"x": 0.0, "y": 0.0, "f": 3.0}, {"x": np.float64(0.25), "y": 0.625, "f": 1.0}])
    (point,) = generator.suggest(1)
    assert (point["x"], point["y"]) == pytest.approx((0.25, 0.625), abs=1e-5)
    variables = {
        "x": gest_vocs.ContinuousVariable(domain=[-1, 1], default_value=-0.5),
        "y": gest_vocs.ContinuousVariable(domain=[0, 1], default_value=0.75),
    }
    (point,) = make_generator(make_vocs(variables=variables)).suggest(1)
    assert (point["x"], point["y"]) == pytest.approx((-0.5, 0.75))


def test_a_copy_goes_on():
    wanted = work(make_generator(), 30)
    generator = make_generator()
    found = work(generator, 10)
    found += work(pickle.loads(pickle.dumps(generator)), 20)
    assert found == wanted


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"objectives": {"f": "MINIMIZE", "g": "MINIMIZE"}}, "objectives must be one"),
        ({"objectives": {"f": "EXPLORE"}}, "objectives must be one"),
        ({"objectives": {}}, "objectives must be one"),
        ({"constraints": {"g": ["LESS_THAN", 0.0]}}, "constraints must be left out, got g"),
        ({"variables": {"x": [0, 1], "t": "CONTEXTUAL"}}, "variables: t must be continuous or discrete"),
        ({"variables": {"x": {1}}}, "variables: x must have two values"),
    ],
)
def test_what_it_cannot_do_is_refused(settings, said):
    with pytest.raises(ValueError, match=said):
        make_generator(make_vocs(**settings))


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"x": 0.0, "n": 1, "kind": "a"}, "results must have f"),
        ({"x": 0.0, "n": 1, "f": 1.0}, "results must have kind"),
        ({"x": 0.0, "n": 3, "kind": "a", "f": 1.0}, "n must be one of"),
        ({"x": 9.0, "n": 1, "kind": "a", "f": 1.0}, "x must lie within its range"),
        ({"x": 0.0, "n": 1, "kind": "a", "f": 1.0, "_id": 77}, "must be that of an open suggestion, got 77"),
        ({"x": 0.0, "n": 1, "kind": "a", "f": 1.0, "_id": -4}, "must be that of an open suggestion, got -4"),
    ],
)
def test_bad_results_are_refused(result, said):
    with pytest.raises(ValueError, match=said):
        make_generator().ingest([result])


def test_libensemble_runs_a_team(tmp_path, monkeypatch):
    libensemble = pytest.importorskip("libensemble", reason="libEnsemble is not installed")
    specs = pytest.importorskip("libensemble.specs")
    alloc = pytest.importorskip("libensemble.alloc_funcs.start_only_persistent")
    monkeypatch.chdir(tmp_path)
    vocs = gest_vocs.VOCS(variables={"x": [-1.0, 1.0], "y": [-1.0, 1.0]}, objectives={"f": "MINIMIZE"})
    generator = searchparty.SearchPartyGenerator(vocs, budget=60, seed=1)

    def simulate(point):
        return {"f": (point["x"] - 0.25) ** 2 + (point["y"] + 0.5) ** 2}

    ensemble = libensemble.Ensemble(
        libE_specs=specs.LibeSpecs(comms="threads", nworkers=2, gen_on_manager=True, safe_mode=False),
        gen_specs=specs.GenSpecs(generator=generator, vocs=vocs, batch_size=1, initial_batch_size=1),
        sim_specs=specs.SimSpecs(simulator=simulate, vocs=vocs),
        alloc_specs=specs.AllocSpecs(alloc_f=alloc.only_persistent_gens),
        exit_criteria=specs.ExitCriteria(sim_max=60),
    )
    history, _, _ = ensemble.run()
    done = history[history["sim_ended"]]
    assert len(done) >= 60
    assert done["f"].min() < 1e-3


# A generator of another library as an agent here.


class Halving(gest_api.Generator):
    """Draws around its best point, in a box that shrinks; everything that it was given is in ``made``."""

    made: ClassVar[list] = []
    returns_id = True

    def __init__(self, vocs, seed=None, factor=0.9):
        super().__init__(vocs)
        self.vocs, self.factor, self.width, self.results, self.count = vocs, factor, 1.0, [], 0
        self.random = np.random.default_rng(seed) if seed is not None else np.random
        self.best, self.least = None, math.inf
        Halving.made.append(self)

    def _validate_vocs(self, vocs):
        if vocs.n_objectives != 1:
            raise ValueError("one objective only")

    def suggest(self, num_points=None):
        found = []
        for _ in range(num_points or 2):
            point = {"_id": self.count}
            self.count += 1
            for name, (low, high) in zip(self.vocs.variable_names, self.vocs.bounds, strict=True):
                center = (low + high) / 2 if self.best is None else self.best[name]
                point[name] = center + self.width * (high - low) * (self.random.uniform() - 0.5)
            found.append(point)
        return found

    def ingest(self, results):
        self.results += results
        for result in results:
            self.width *= self.factor
            if result["loss"] < self.least:
                self.least, self.best = result["loss"], result


@pytest.fixture
def halving(monkeypatch):
    module = types.ModuleType("halving_of_theirs")
    module.Halving = Halving
    monkeypatch.setitem(sys.modules, "halving_of_theirs", module)
    monkeypatch.setattr(Halving, "made", [])
    return "halving_of_theirs:Halving"


def bowl(x):
    return float(((x - 0.3) ** 2).sum())


@pytest.mark.parametrize("seed_argument", [None, "seed"])
def test_their_generator_is_an_agent(halving, seed_argument):
    agent = {"kind": "searchparty:GestAgent", "generator": halving, "seed_argument": seed_argument}
    options = {"bounds": [(-1, 1), (0, 3)], "budget": 120, "team": [agent], "policy": "composed"}
    np.random.seed(7)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    one = searchparty.minimize(bowl, seed=1, **options)
    assert one.agent_failures == {}
    assert one.fun < 1e-2
    assert one.nfev == 120
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.random.seed(8)  # noqa: NPY002
    again, other = (searchparty.minimize(bowl, seed=seed, **options) for seed in (1, 2))
    assert again.fun == one.fun != other.fun


def test_arguments_and_batches_arrive(halving):
    agent = searchparty.GestAgent(generator=halving, arguments={"factor": 0.5}, batch=None)
    searchparty.minimize(bowl, bounds=[(-1, 1)], budget=20, team=[agent], policy="composed", seed=1)
    assert Halving.made[0].factor == 0.5
    assert len(Halving.made[0].results) == Halving.made[0].count - 2


def test_every_kind_of_axis(halving):
    space = {
        "rate": {"low": 1e-5, "high": 0.1, "log": True},
        "depth": {"low": 2, "high": 8, "integer": True},
        "kernel": {"choices": ["poly", "rbf"]},
    }
    agent = searchparty.GestAgent(generator=halving)
    result = searchparty.minimize(
        lambda p: abs(math.log10(p["rate"]) + 2) + abs(p["depth"] - 4) + (p["kernel"] != "rbf"),
        parameters=space, budget=150, team=[agent], policy="composed", seed=1,
    )  # fmt: skip
    assert result.agent_failures == {}
    assert result.fun < 0.5
    assert Halving.made[0].vocs.variable_names == ["rate", "depth", "kernel"]


def test_failed_points_are_ingested_with_the_worst_loss(halving):
    agent = searchparty.GestAgent(generator=halving)
    searchparty.minimize(
        lambda x: math.nan if x[0] < 0 else float(x[0]), bounds=[(-1, 1)], budget=40, team=[agent], policy="composed",
        seed=1,
    )  # fmt: skip
    found = [result["loss"] for result in Halving.made[0].results]
    assert np.isfinite(found).all()
    assert [result["_id"] for result in Halving.made[0].results] == list(range(len(found)))


def test_a_lease_elsewhere_creates_another_generator_that_knows_the_incumbent(halving):
    space = Space(np.zeros(2), np.ones(2))
    incumbent = Incumbent("other", 0, 0, np.array([0.2, 0.2]), -1.0)
    first = Lease(0, "it", 5, Region.whole(2), "test", fresh=True)
    second = Lease(1, "it", 5, Region(np.array([0.2, 0.2]), 0.1), "test", incumbent=incumbent)
    search = searchparty.GestAgent(generator=halving).search(space, first, np.random.default_rng(0))
    points = next(search)
    search.send(Told(np.array([1.0]), None, first))
    points = search.send(Told(np.array([0.5]), None, second))
    assert (np.abs(points - 0.2) <= 0.1).all()
    one, other = Halving.made
    assert one.vocs.bounds == [[0.0, 1.0], [0.0, 1.0]]
    np.testing.assert_allclose(other.vocs.bounds, [[0.1, 0.3], [0.1, 0.3]])
    assert other.results == [{"x1": 0.2, "x2": 0.2, "loss": -1.0}]


def test_ours_may_be_their_generator_too():
    """A team within an agent of a team: both directions at once."""
    agent = {
        "kind": "searchparty:GestAgent",
        "generator": "searchparty:SearchPartyGenerator",
        "arguments": {"team": ["cma-es"]},
        "seed_argument": "seed",
    }
    result = searchparty.minimize(bowl, bounds=[(-1, 1)] * 2, budget=150, team=["random", agent], seed=1)
    assert result.agent_failures == {}
    assert result.fun < 1e-3


def test_an_experiment_names_it(halving):
    agent = {"kind": "searchparty:GestAgent", "generator": halving}
    experiment = Experiment.from_data(
        {
            "name": "theirs",
            "budget": 60,
            "landscapes": ["sphere"],
            "strategies": {"theirs": {"agents": [agent, "random"]}},
        }
    )
    (name, found), _ = experiment.strategies["theirs"].team
    assert name == "gest"
    assert found.kind == "gest"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"generator": "nowhere_at_all:Class"}, "generator must name a module that imports"),
        ({"generator": "math:Class"}, "generator must name something in math, got 'Class'"),
        ({"generator": "math:tau"}, "TypeError"),
    ],
)
def test_a_generator_that_cannot_be_used_fails_in_words(settings, said):
    team = [searchparty.GestAgent(**settings)]
    with pytest.warns(searchparty.SearchpartyWarning, match=said):
        searchparty.minimize(bowl, bounds=[(-1, 1)], budget=10, team=team, policy="composed", seed=1)


def test_a_malformed_reference_is_refused():
    with pytest.raises(ValueError, match="generator must be"):
        searchparty.GestAgent(generator="Class")
