"""The benchmark of how batches fan out: its options, its tables, and one of its cells."""

import argparse
import subprocess
import sys

import pytest
import scaling
from fanout import peers
from fanout.cell import Cell, warm_up
from fanout.table import render_page


@pytest.mark.parametrize("given", ["", "1,,2", "two", "0", "-1", "nan", "inf"])
def test_numbers_that_are_none_are_refused(given):
    with pytest.raises(argparse.ArgumentTypeError, match="must be numbers above 0, got .*Write them with commas"):
        scaling.parse_positive_numbers(given)


def test_peers_are_named_by_group():
    assert scaling.parse_peers("joblib,ours") == ["joblib-threading", "joblib-loky", "ours", "ours-small"]
    with pytest.raises(argparse.ArgumentTypeError, match="must be among ours, joblib, optuna, ray-tune, got 'dask'"):
        scaling.parse_peers("ours,dask")


def test_a_peer_that_is_missing_is_named_with_its_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(peers.PeerMissing, match=r'optuna.*pip install -c constraints.txt -e "\.\[bench\]"'):
        peers.measure_optuna(2, 0.001, 0.1)


@pytest.mark.extras
def test_a_peer_that_is_there_is_measured():
    pytest.importorskip("joblib")
    cell = peers.measure_joblib(4, 0.01, 0.2, "threading")
    assert cell.evaluations % 4 == 0
    assert 0.2 < cell.efficiency <= 1.0


def test_a_slow_peer_is_given_what_it_can_do():
    # Ten milliseconds per evaluation for any number of workers: at most 0.5 s of warm-up, and 2 s of work.
    asked = []

    def run(count):
        asked.append(count)
        return 0.01 * count

    count = warm_up(8, 0.001, 2.0, run)
    assert 150 <= count <= 250
    assert asked == [400]
    assert warm_up(8, 0.001, 2.0, lambda count: count * 0.001 / 8 * 1.25) == pytest.approx(8 * 2000 / 1.25, rel=0.01)


CELLS = [
    Cell("ours", 32, 0.01, 3200, 1.25, 0.5, 0.0),
    Cell("ours", 32, 0.01, 3200, 1.0, 0.7, 0.4),
    Cell("ours", 32, 0.01, 3200, 2.0, 0.9, 0.2),
    Cell("optuna", 32, 0.01, 1600, 1.0, 0.0, 0.2),
    Cell("joblib-loky", 32, 0.01, 3200, 1.1, 9.0, 0.2),
    Cell("ours", 1, 1.0, 4, 4.0, 0.0, 0.2),
]


def test_the_page_has_medians_ratios_and_who_is_ahead():
    page = render_page(CELLS)
    assert "| workers | searchparty | joblib, processes | Optuna | ratio to the best peer |" in page
    assert "| 32 | 80.0 % | 90.9 % | 50.0 % | 0.88 |" in page
    assert "| 1 | 100.0 % |  |  |  |" in page
    assert "| 32 | 0.7 s | 9.0 s | 0.0 s |" in page
    assert "a peer is ahead by more than 1 point in 1: joblib, processes by 10.9 points at 32 x 10 ms" in page
    assert "0.20 CPUs busy in the median, and 0.40 at most" in page


def test_a_tiny_run_measures_prints_and_goes_on(tmp_path, repository):
    results = tmp_path / "cells.jsonl"
    done = subprocess.run(
        [sys.executable, repository / "benchmarks" / "scaling.py", "--workers", "2", "--sleeps", "0.002",
         "--peers", "ours-small", "--seconds", "0.1", "--repeats", "1", "--results", results],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "Evaluations of 2 ms" in done.stdout
    (cell,) = map(Cell.from_line, results.read_text().splitlines())
    assert (cell.peer, cell.workers, cell.sleep) == ("ours-small", 2, 0.002)
    assert 0.1 < cell.efficiency <= 1.0
    again = {"sleeps": [0.002], "workers": [2.0], "peers": ["ours-small"], "repeats": 1, "results": results}
    assert scaling.measure_cells(argparse.Namespace(**again, quiet=float("inf"))) == [cell]


def test_the_page_is_put_between_its_marks(tmp_path, monkeypatch):
    page = tmp_path / "scaling.md"
    page.write_text(f"before\n{scaling.BEGIN}\nold \\1\n{scaling.END}\nafter\n")
    monkeypatch.setattr(scaling, "SCALING_PAGE", page)
    scaling.write_tables("new \\g<0>")
    assert page.read_text() == f"before\n{scaling.BEGIN}\nnew \\g<0>\n{scaling.END}\nafter\n"
