"""Make the bundled plane through a network on digits, and the paths of the three runs of Adam that it is laid through.

    python benchmarks/digits_plane.py        # half a minute; writes landscapes/geometry/digits.npz, and the paths

The studio's question "A real network" searches the plane, and shows the true runs beside it, with their distances.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from searchparty import Experiment, run

ROOT = Path(__file__).parent.parent
PLANE_FILE = ROOT / "landscapes" / "geometry" / "digits.npz"
PATHS_FILE = ROOT / "experiments" / "studio" / "plays" / "true_runs.json"
EXPERIMENT: dict[str, Any] = {
    "name": "digits-plane",
    "seed": 1,
    "repeats": 3,
    "budget": 300,
    "landscapes": [{"kind": "network", "data": "digits", "layers": [16], "weight_decay": 1e-4, "held_out": 0.25}],
    "strategies": {"adam": {"agents": [{"kind": "adam", "rate": 0.01, "batch": 32}]}},
    "executor": "simulated",
}


def list_true_runs(record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs of a plane's record: where they lie on it (as shares of its sides), and how far off."""
    left, right, bottom, top = record["bounds"]
    return [
        {
            "name": path["name"],
            "evaluations": path["evaluations"],
            "u": [round((u - left) / (right - left), 4) for u in path["u"]],
            "v": [round((v - bottom) / (top - bottom), 4) for v in path["v"]],
            "distance": [round(value, 2) for value in path["distance"]],
            "loss": [float(f"{value:.4g}") for value in path["loss"]],
            "on_plane": [None if value is None else float(f"{value:.4g}") for value in path["shadow"]],
        }
        for path in record["paths"]
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        results = Path(name) / "results"
        run(Experiment.from_data(EXPERIMENT), out=results, report=False)
        named = [f"adam#{number}" for number in range(3)]
        command = [sys.executable, "-m", "searchparty.experiments.cli.main", "landscape", str(results), *named]
        subprocess.run([*command, "--plane", "through"], check=True)
        record = json.loads((results / "planes" / "through.json").read_text())
        shutil.copyfile(results / "planes" / "through.npz", PLANE_FILE)
    runs = list_true_runs(record)
    told = {"unit": record["unit"], "weights": 1210, "bounds": record["bounds"], "runs": runs}
    PATHS_FILE.write_text(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
