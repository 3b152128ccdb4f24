"""Mistakes in a YAML with networks: exit code 2, and a message with the rule, the place and the cure."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
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


X, LABELS = np.random.default_rng(0).normal(size=(40, 6)), np.arange(40) % 4
TORCH = '{{kind: torch, module: "own_models.py:{}", data: torch_rows}}'
NETWORK = "{{kind: network, data: {}}}"
MISTAKES = {
    "labels": ("jax", NETWORK.format("my.npz"), "data must have labels from 0", "Number the classes from 0"),
    "nan": ("jax", NETWORK.format("nan.npz"), "data must be finite, got nan in row 3 of x", "Leave such rows out"),
    "batch": (
        "jax",
        NETWORK.format("wine"),
        "batch must be at most 133, the rows of data, got 500",
        "leave it out for all rows",
    ),
    "pool": ("jax", NETWORK.format("digits, layers: [{pool: 9}]"), "must pool at most the 8 x 8", "Make"),
    "order": ("jax", NETWORK.format("digits, layers: [8, {conv: 4}]"), "must be a number after a dense layer", "Move"),
    "residual": ("jax", NETWORK.format("wine, layers: [8], residual: true"), "residual must have a layer with", "."),
    "class": ("jax", NETWORK.format("wine, held_out: 0.001"), "held_out must leave rows of every class", "Change it"),
    "conv": ("jax", NETWORK.format("wine, layers: [{conv: 8}]"), "layers must be dense where rows are no", "Write"),
    "integers": (
        "torch",
        TORCH.format("integers"),
        "module must have floating-point parameters only",
        "Make it a buffer",
    ),
    "tied": ("torch", TORCH.format("tied"), "module must have each weight once", "Give"),
    "hooked": ("torch", TORCH.format("hooked"), "module must have no hooks", "hook"),
}


@pytest.mark.extras
@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_mistake_is_told_by_run_with_its_cure(command, tmp_path, mistake):
    library, landscape, rule, cure = MISTAKES[mistake]
    pytest.importorskip(library)
    (tmp_path / OWN.name).write_text(OWN.read_text())
    np.savez(tmp_path / "my.npz", x=X, y=LABELS - 1)
    np.savez(tmp_path / "nan.npz", x=np.where(np.arange(40)[:, None] == 3, np.nan, X), y=LABELS)
    text = YAML.format(landscape=landscape)
    text = text.replace("[random]", "[{kind: adam, batch: 500}]") if mistake == "batch" else text
    (tmp_path / "bad.yaml").write_text(text)
    done = command("run", "bad.yaml", "--out", "out", cwd=tmp_path)
    words = " ".join(f"{done.stdout} {done.stderr}".split())
    assert done.returncode == 2, words
    assert rule in words
    assert cure in words.partition(rule)[2]
    assert "(bad.yaml:" in words
    assert "Traceback" not in words
    assert not (tmp_path / "out").exists()


@pytest.mark.extras
def test_a_backend_with_other_settings_is_told_where_experiments_are_run_from_python(tmp_path):
    pytest.importorskip("jax")
    (tmp_path / "good.yaml").write_text(YAML.format(landscape="{kind: network, data: wine}"))
    code = """
import jax
jax.numpy.zeros(3).block_until_ready()
import sys
from searchparty.experiments.cli.main import main
sys.argv = ["searchparty", "run", "good.yaml", "--out", "out"]
main()
"""
    there = {name: value for name, value in os.environ.items() if name not in ("NPROC", "PJRT_NPROC")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, env=there)
    words = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2, words
    assert "JAX's backend must be started with one thread" in words
    assert "Set NPROC=1" in words
    assert "Traceback" not in words


@pytest.mark.parametrize("library", ["jax", "torch"])
def test_an_extra_that_is_missing_is_named_by_run_with_what_to_install(command, monkeypatch, tmp_path, library):
    from searchparty.landscapes.networks import backend

    backend._import_jax.cache_clear()
    monkeypatch.setitem(sys.modules, library, None)
    (tmp_path / OWN.name).write_text("def tied():\n    pass\n\ndef torch_rows():\n    pass\n")
    landscape = NETWORK.format("wine") if library == "jax" else TORCH.format("tied")
    (tmp_path / "bad.yaml").write_text(YAML.format(landscape=landscape))
    done = command("run", "bad.yaml", "--out", "out", cwd=tmp_path)
    words = " ".join(f"{done.stdout} {done.stderr}".split())
    assert done.returncode == 2, words
    assert "kind must be one whose packages are installed" in words
    assert "pip install" in words or "under networks" in words
    assert "(bad.yaml:" in words
    assert "Traceback" not in words
