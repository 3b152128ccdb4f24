"""Mistakes in a YAML with networks: exit code 2, and a message with the rule, the place and the cure."""

import subprocess
import sys
from pathlib import Path

import pytest

OWN = Path(__file__).parent / "own_models.py"
YAML = """
name: bad
budget: 60
landscapes:
  - {landscape}
strategies:
  team: {{agents: [random]}}
"""


def check(folder, landscape):
    (folder / "bad.yaml").write_text(YAML.format(landscape=landscape))
    words = [sys.executable, "-m", "searchparty", "check", "bad.yaml"]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=200)


@pytest.mark.extras
@pytest.mark.parametrize(
    ("library", "landscape", "said"),
    [
        (
            "jax",
            "{kind: network, data: wine, layers: [{conv: 8}]}",
            "landscapes.0.layers must be dense where rows are no",
        ),
        ("jax", "{kind: network, data: wine, held_out: 0.001}", "landscapes.0.held_out must leave rows of every class"),
        ("jax", "{kind: network, data: absent.npz}", "landscapes.0.data must name a readable file"),
        (
            "torch",
            '{kind: torch, module: "own_models.py:tied", data: torch_rows}',
            "landscapes.0.module must have each",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(tmp_path, library, landscape, said):
    pytest.importorskip(library)
    (tmp_path / OWN.name).write_text(OWN.read_text())
    done = check(tmp_path, landscape)
    assert done.returncode == 2
    text = " ".join((done.stdout + done.stderr).split())
    assert said in text
    assert "(bad.yaml:5)" in text
    assert "Traceback" not in text


@pytest.mark.parametrize(
    ("landscape", "said"),
    [
        ("{kind: network, data: wine, norm: batch}", "landscapes.0.norm must be layer, got batch (bad.yaml:5)"),
        ("{kind: network}", "landscapes.0.data must be given, got nothing (bad.yaml:5)"),
        ("{kind: network, data: mnist}", "landscapes.0.data must be one of digits, wine"),
        ("{kind: network, data: wine, layers: [true]}", "landscapes.0.layers must be numbers of units"),
    ],
)
def test_settings_that_are_none_are_told_without_the_extra(tmp_path, landscape, said):
    done = check(tmp_path, landscape)
    assert done.returncode == 2
    assert said in " ".join((done.stdout + done.stderr).split())
