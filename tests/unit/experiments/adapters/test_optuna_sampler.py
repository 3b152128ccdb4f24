"""The sampler of Optuna, with Optuna itself."""

import math
import pickle
import threading

import pytest

import searchparty
from searchparty.experiments.adapters import ask_tell

pytestmark = pytest.mark.extras
optuna = pytest.importorskip("optuna", reason="Optuna is not installed")
optuna_distributions = pytest.importorskip("optuna.distributions")


@pytest.fixture(autouse=True)
def quiet():
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    yield
    optuna.logging.set_verbosity(optuna.logging.INFO)


def make_study(direction="minimize", storage=None, **options):
    sampler = searchparty.SearchPartySampler(**({"budget": 120, "seed": 1} | options))
    return optuna.create_study(direction=direction, sampler=sampler, storage=storage)


def mixed(trial):
    """All kinds of distributions; the minimum is 0."""
    rate = trial.suggest_float("rate", 1e-5, 0.1, log=True)
    slope = trial.suggest_float("slope", -1.0, 3.0)
    share = trial.suggest_float("share", 0.0, 1.0, step=0.1)
    depth = trial.suggest_int("depth", 2, 8)
    width = trial.suggest_int("width", 1, 1024, log=True)
    even = trial.suggest_int("even", 0, 11, step=2)
    kernel = trial.suggest_categorical("kernel", ["poly", "rbf", None, True])
    assert trial.suggest_float("one", 2.0, 2.0) == 2.0
    far = abs(math.log10(rate) + 2) + abs(slope - 0.5) + abs(math.log2(width / 64)) / 4
    return far + abs(share - 0.3) + abs(depth - 4) / 3 + abs(even - 6) / 6 + (kernel is not None)


def params_of(study):
    return [trial.params for trial in study.trials]


def test_every_kind_of_distribution_is_searched():
    study = make_study(budget=200)
    study.optimize(mixed, n_trials=200)
    assert len(study.trials) == 200
    best = study.best_params
    assert (best["depth"], best["even"], best["kernel"]) == (4, 6, None)
    assert study.best_value < 0.3
    for trial in study.trials:
        for name, value in trial.params.items():
            assert trial.distributions[name]._contains(trial.distributions[name].to_internal_repr(value))


def test_it_is_the_team_that_searches_from_the_second_trial_on():
    study = make_study()
    study.optimize(mixed, n_trials=30)
    search = study.sampler._search
    assert sum(len(answer.losses) for answer in search._told) + len(search._losses) >= 28
    assert search._progress.starts[0].loss == study.trials[0].value


def test_maximize_is_the_mirror_of_minimize():
    down, up = make_study(), make_study("maximize")
    down.optimize(mixed, n_trials=60)
    up.optimize(lambda trial: -mixed(trial), n_trials=60)
    assert params_of(down) == params_of(up)
    assert up.best_value == -down.best_value


def test_the_same_seed_gives_the_same_trials():
    studies = [make_study(seed=seed) for seed in (3, 3, 4)]
    for study in studies:
        study.optimize(mixed, n_trials=25)
    one, again, other = map(params_of, studies)
    assert one == again != other


def test_ask_and_tell_give_what_optimize_gives():
    study, wanted = make_study(), make_study()
    wanted.optimize(mixed, n_trials=25)
    for _ in range(25):
        trial = study.ask()
        study.tell(trial, mixed(trial))
    assert params_of(study) == params_of(wanted)


def test_ask_with_distributions_asked_ahead():
    study = make_study()
    space = {
        "x": optuna_distributions.FloatDistribution(-1, 1),
        "k": optuna_distributions.CategoricalDistribution(["a", "b"]),
    }
    for _ in range(20):
        ahead = [study.ask(space) for _ in range(4)]
        for trial in reversed(ahead):
            study.tell(trial, trial.params["x"] ** 2 + (trial.params["k"] == "a"))
    assert len(study.trials) == 80
    assert study.best_value < 0.05


def test_a_conditional_space():
    def objective(trial):
        kind = trial.suggest_categorical("kind", ["line", "curve"])
        x = trial.suggest_float("x", -5, 5)
        if kind == "line":
            return abs(x - 1) + trial.suggest_float("a", 0, 1)
        return (x + 1) ** 2 + 1 + trial.suggest_int("b", 0, 3)

    study = make_study(budget=80)
    study.optimize(objective, n_trials=80)
    assert study.sampler._space.keys() == {"kind", "x"}
    # What is below the joint space is random.
    assert study.best_value < 2


def test_a_space_that_shrinks_begins_another_search_at_the_best_trial():
    def objective(trial):
        x = trial.suggest_float("x", -1, 1)
        y = trial.suggest_float("y", -1, 1) if trial.number < 20 else 0.0
        return (x - 0.5) ** 2 + y**2

    study = make_study()
    study.optimize(objective, n_trials=20)
    assert study.sampler._space.keys() == {"x", "y"}
    best = study.best_trial
    study.optimize(objective, n_trials=20)
    assert study.sampler._space.keys() == {"x"}
    start = study.sampler._search._progress.starts[0]
    assert start.loss <= best.value
    assert study.best_value < 1e-3


def test_a_range_that_changes_is_sampled_independently():
    study = make_study()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1 + trial.number), n_trials=10)
    assert study.sampler._search is None or len(study.sampler._space) <= 1
    assert len(study.trials) == 10


def test_failed_and_pruned_trials():
    def objective(trial):
        x = trial.suggest_float("x", -1, 1)
        trial.suggest_float("y", -1, 1)
        if x < -0.5:
            raise ValueError("bad")
        if x < 0:
            trial.report(-100.0, 1)
            raise optuna.TrialPruned
        return math.nan if x > 0.9 else (x - 0.25) ** 2

    study = make_study(budget=60)
    study.optimize(objective, n_trials=60, catch=(ValueError,))
    assert len(study.trials) == 60
    assert study.best_value < 1e-2
    assert study.sampler._search.best.loss == study.best_value
    assert study.sampler._asked == {}


def test_a_study_of_failures_goes_on():
    def objective(trial):
        trial.suggest_float("x", -1, 1)
        if trial.number:
            raise ValueError("bad")
        return 1.0

    study = make_study(budget=10)
    study.optimize(objective, n_trials=30, catch=(ValueError,))
    assert len(study.trials) == 30


def test_trials_that_others_chose_count():
    study = make_study(team=["slsqp"])
    study.enqueue_trial({"x": 0.9, "y": -0.9})
    study.enqueue_trial({"x": 0.5, "y": 0.125})

    def objective(trial):
        return (trial.suggest_float("x", -1, 1) - 0.5) ** 2 + (trial.suggest_float("y", -1, 1) - 0.125) ** 2

    study.optimize(objective, n_trials=3)
    assert params_of(study)[:2] == [{"x": 0.9, "y": -0.9}, {"x": 0.5, "y": 0.125}]
    assert study.sampler._search.best.loss == 0.0


def test_a_study_that_is_loaded_goes_on_at_its_best_trial(tmp_path):
    storage = f"sqlite:///{tmp_path}/study.db"
    study = make_study(storage=storage)
    study.optimize(mixed, n_trials=15)
    best = study.best_value
    again = optuna.load_study(
        study_name=study.study_name, storage=storage, sampler=searchparty.SearchPartySampler(seed=2)
    )
    again.optimize(mixed, n_trials=10)
    assert again.sampler._search._progress.starts[0].loss == best
    assert len(again.trials) == 25


def test_threads_share_a_study():
    study, seen = make_study(budget=60), set()

    def objective(trial):
        seen.add(threading.get_ident())
        return mixed(trial)

    study.optimize(objective, n_trials=60, n_jobs=3)
    assert len(study.trials) == 60
    assert all(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.trials)
    # How many of the trials are the team's depends on how fast its agent is beside the others' trials.
    assert len(study.sampler._search._told) >= 1


def test_a_pickled_sampler_goes_on():
    study, wanted = make_study(), make_study()
    wanted.optimize(mixed, n_trials=30)
    study.optimize(mixed, n_trials=15)
    study.sampler = pickle.loads(pickle.dumps(study.sampler))
    study.optimize(mixed, n_trials=15)
    assert params_of(study) == params_of(wanted)


def test_trials_that_are_never_told_are_given_up():
    study = make_study()
    study.optimize(mixed, n_trials=2)
    lost = study.ask()
    lost.suggest_float("rate", 1e-5, 0.1, log=True)
    study.optimize(mixed, n_trials=115)
    assert lost.number not in study.sampler._asked
    assert study.sampler._without_team == 0


def test_a_trial_that_ended_elsewhere_is_collected():
    study = make_study()
    study.optimize(mixed, n_trials=2)
    lost = study.ask()
    # As Optuna does with a trial whose process was lost: the sampler is not told.
    study._storage.set_trial_state_values(lost._trial_id, optuna.trial.TrialState.FAIL)
    study.optimize(mixed, n_trials=1)
    assert lost.number not in study.sampler._asked
    assert study.sampler._without_team == 0


def test_several_objectives_are_refused():
    sampler = searchparty.SearchPartySampler(seed=1)
    study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)
    with pytest.raises(ValueError, match="directions must be one for SearchPartySampler, got 2"):
        study.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=1)


@pytest.mark.parametrize(
    ("options", "said"), [({"budget": -1}, "budget must"), ({"team": ["grit"]}, "'grid'"), ({"seed": 0.5}, "seed must")]
)
def test_bad_arguments_are_refused_at_once(options, said):
    with pytest.raises(ValueError, match=said):
        searchparty.SearchPartySampler(**options)


def test_any_name_of_a_parameter_is_taken():
    study = make_study()
    study.optimize(lambda trial: trial.suggest_float("a\n b", 0, 1) + trial.suggest_int("", 0, 3), n_trials=20)
    assert study.best_value < 1.0


def test_the_search_is_the_one_of_minimize():
    """The points of a study with one loss that is known are those of the core with that start."""
    study = make_study(team=["cma-es"])

    def objective(trial):
        return abs(trial.suggest_float("x", -1, 1)) + abs(trial.suggest_float("y", -1, 1) - 0.5)

    study.optimize(objective, n_trials=20)
    first = study.trials[0]
    start = ask_tell.KnownSetting({"x1": first.params["x"], "x2": first.params["y"]}, first.value)
    space = {name: {"low": -1.0, "high": 1.0} for name in ("x1", "x2")}
    search = ask_tell.AskTell(space, budget=120, seed=1, team=["cma-es"], start=start)
    for trial in study.trials[1:]:
        asked = search.ask()
        assert trial.params == {"x": asked.setting["x1"], "y": asked.setting["x2"]}
        search.tell(asked.number, trial.value)
