"""Compute what must not change: trace hashes of experiments.

``python tests/frozen/freeze.py`` prints the hashes; with ``--write`` it renews hashes.json, which only a commit that
says why may do. Such a commit also adds what it changes to CHANGED_SINCE_0_1 in experiments/execution/first_rule.py.
"""

import json
import sys
import tempfile
from pathlib import Path

import searchparty
from searchparty.experiments.execution.fingerprint import environment_fingerprint
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash

FOLDER = Path(__file__).parent
BUNDLED = FOLDER.parents[1] / "experiments" / "library"
HASHES = FOLDER / "hashes.json"
SMALL = ("repeats=1", "budget=120")
"""What bundled experiments are cut down to where they are not run whole."""


def experiments():
    """(name, file, overrides) of all experiments whose traces are frozen; the whole ones come last."""
    own = [(path.stem, path, ()) for path in sorted(FOLDER.glob("*.yaml"))]
    bundled = sorted(BUNDLED.glob("*.yaml"))
    small = [(f"{path.stem} (small)", path, SMALL) for path in bundled]
    return own + small + [(f"{path.stem} (whole)", path, ()) for path in bundled]


def compute_hash(file, overrides, executor="simulated"):
    """The trace hash of an experiment, run anew."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        searchparty.run(file, out=out, executor=executor, overrides=overrides, report=False)
        return read_hash(out)


def read_hash(directory):
    """The trace hash of a results directory."""
    with LogReader(directory) as reader:
        return trace_hash(reader)


def bits():
    """What the last bits of a computation depend on: findings are promised to be equal where it is equal."""
    known = environment_fingerprint()
    packages = {name: known["packages"][name] for name in ("numpy", "scipy", "cma", "nlopt", "coco-experiment")}
    kernels = sorted({kernel.rpartition(" ")[2] for kernel in known["blas"]})
    return {"platform": known["platform"], "kernels": kernels, "packages": packages}


def main():
    found = {name: compute_hash(file, overrides) for name, file, overrides in experiments()}
    text = json.dumps({"bits": bits(), "traces": found}, indent=2) + "\n"
    if "--write" in sys.argv[1:]:
        HASHES.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
