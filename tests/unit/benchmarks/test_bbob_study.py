"""The BBOB study: what it counts, how it scores, and that it continues where it was stopped."""

import json

import numpy as np
import pytest
from comparison import parties, peers, solvers, study
from comparison.problem import TARGETS, BatchRuntimeRecorder, BudgetSpent, RuntimeRecorder
from comparison.report import list_deficits, score_table
from comparison.score import Scores, area, by_group


def sphere(dimension=2, multiple=100):
    return RuntimeRecorder(1, dimension, 1, multiple)


def test_the_area_of_known_runtimes():
    never = np.full(51, np.inf)
    assert area(never, 2, 1000) == 0.0
    assert area(np.full(51, 2.0), 2, 1000) == 1.0
    # Halfway on the logarithmic axis from D to 100 D.
    assert area(np.full(51, 20.0), 2, 100) == pytest.approx(0.5)
    half = np.where(np.arange(51) < 17, 20.0, np.inf)
    assert area(half, 2, 100) == pytest.approx(0.5 / 3)


def test_a_recorder_counts_and_notes_and_ends():
    loss = sphere(multiple=3)
    middle = loss(np.zeros(2))
    reached = int((middle - loss.minimum <= TARGETS).sum())
    assert (loss.runtimes[:reached] == 1).all()
    assert np.isinf(loss.runtimes[reached:]).all()
    for _ in range(5):
        loss(np.full(2, 40.0))
    with pytest.raises(BudgetSpent, match="^$"):
        loss(np.zeros(2))
    assert loss.evaluations == 6


def test_points_outside_are_brought_to_the_face():
    loss = sphere()
    assert loss(np.array([7.0, -9.0])) == loss(np.array([5.0, -5.0]))


def test_rounds_evaluate_several_side_by_side():
    loss = BatchRuntimeRecorder(1, 2, 1, 10, at_once=4)
    assert len(loss.evaluate_in_rounds(np.zeros((9, 2)))) == 9
    assert (loss.rounds, loss.evaluations) == (3, 9)
    assert loss.runtimes[0] == 1


LIGHT = ("SLSQP", "Powell", "Nelder-Mead", "BOBYQA", "SBPLX", "L-BFGS-B", "BIPOP-CMA-ES", "differential evolution")


@pytest.mark.parametrize("name", LIGHT)
def test_a_peer_spends_its_budget_and_no_more(name):
    loss = RuntimeRecorder(15, 2, 1, 40)
    peers.run_peer(peers.PEERS[name], loss, np.random.default_rng(1))
    assert loss.evaluations == 80


@pytest.mark.parametrize("settings", [*parties.PARTY.values(), *parties.ALONE.values(), *parties.ABLATIONS.values()])
def test_a_party_is_counted_as_it_counts_itself(settings):
    loss = RuntimeRecorder(15, 2, 1, 40)
    log = parties.run_team(settings, loss, seed=1)
    assert loss.evaluations == 80 == sum(len(log.rows(lease).losses) for lease in range(100) if log.rows(lease))


def test_a_party_of_eight_in_logical_time():
    runtimes, evaluations = solvers.solve_with_team_at_once(parties.EIGHT_AT_ONCE, 1, 2, 1, 30)
    one, alone = solvers.solve_with_team(parties.party_settings(), 1, 2, 1, 30)
    # Side by side needs more evaluations, and reaches no target later than alone by more than a lease.
    assert evaluations > 5 * alone
    assert np.isfinite(runtimes).all()
    assert (runtimes <= one + 20).all()


def test_what_is_stored_is_not_run_again(tmp_path, monkeypatch):
    store = study.OutcomeStore(tmp_path)
    wanted = study.study_cells(["SLSQP"], 10, [2], [1], [1, 5])
    assert study.run_study(store, wanted, processes=1) == []
    path = store.path("SLSQP")
    before = path.read_text()
    assert len(before.splitlines()) == 2
    # Only a last line that was cut in the middle is computed again.
    path.write_text(before[:-20])
    assert study.run_study(store, wanted, processes=1) == []
    found = store.load_outcomes()
    assert set(found) == set(wanted)
    entries = [json.loads(line) for line in before.splitlines()]
    assert [found[cell].evaluations for cell in wanted] == [entry["evaluations"] for entry in entries]


def made(**by_solver):
    """Return outcomes of solvers that reach every target after this many evaluations, in D = 2, instance 1."""
    return {
        cell: study.Outcome(np.full(51, float(time)), 200, 0.1)
        for name, time in by_solver.items()
        for cell in study.study_cells([name], 100, [2], [1])
    }


def test_tables_and_where_a_team_loses():
    scores = Scores(made(party=20, slow=200, fast=2) | made(half=20), ["party", "slow", "fast", "gone"], 100, [2], [1])
    assert scores.missing == {"gone": 24}
    assert scores.areas("party").mean() == pytest.approx(0.5)
    assert scores.best_of(["party", "slow", "fast"]).mean() == 1.0
    assert scores.ecdf("party", np.array([1, 9.9, 10, 100]), [2]).tolist() == [0, 0, 1, 1]
    assert by_group(scores.areas("fast")) == dict.fromkeys(
        ("separable", "moderate", "ill-conditioned", "multimodal", "weak structure"), 1.0
    )
    rows = score_table(scores, {"virtual best": ["slow", "party"]}).splitlines()
    assert [row.split("|")[1].strip() for row in rows[2:]] == ["fast", "party", "*virtual best*", "slow"]
    assert "f24 fast (+0.50)" in list_deficits(scores, "party", ["slow", "fast"])
    assert list_deficits(scores, "fast", ["slow", "party"]) == "- D = 2: nowhere"
