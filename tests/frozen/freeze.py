"""Compute what must not change: the hashes of the traces of experiments.

``python tests/frozen/freeze.py`` prints the hashes. With ``--write`` it renews hashes.json; only a commit that says why
may do this. Such a commit also adds the names that it changes to CHANGED_SINCE_0_1 in
experiments/execution/first_rule.py.
"""

import json
import sys
import tempfile
from pathlib import Path

from kernels import leave_out_wide_code

leave_out_wide_code()

import numpy as np  # noqa: E402

import searchparty  # noqa: E402
from searchparty.experiments.execution.fingerprint import environment_fingerprint  # noqa: E402
from searchparty.orchestrator.log.reader import LogReader  # noqa: E402
from searchparty.orchestrator.log.trace import trace_hash  # noqa: E402

FOLDER = Path(__file__).parent
BUNDLED = FOLDER.parents[1] / "experiments" / "library"
HASHES = FOLDER / "hashes.json"
NETWORKS = ("digits", "digits-rates", "wide-start")
"""Bundled experiments whose bits depend on JAX, and which need it."""
SMALL = ("repeats=1", "budget=120")
"""Settings that make bundled experiments small, where they are not run whole."""


def experiments():
    """Return (name, file, overrides) of all experiments whose traces are frozen, the whole ones last."""
    own = [(path.stem, path, ()) for path in sorted(FOLDER.glob("*.yaml"))]
    bundled = sorted(path for path in BUNDLED.glob("*.yaml") if path.stem not in NETWORKS)
    small = [(f"{path.stem} (small)", path, SMALL) for path in bundled]
    return own + small + [(f"{path.stem} (whole)", path, ()) for path in bundled]


def compute_hash(file, overrides, executor="simulated"):
    """Run an experiment and return the hash of its trace."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        searchparty.run(file, out=out, executor=executor, overrides=overrides, report=False)
        return read_hash(out)


def read_hash(directory):
    """Return the trace hash of a results directory."""
    with LogReader(directory) as reader:
        return trace_hash(reader)


def bits():
    """Return what the last bits of a computation depend on. Findings are guaranteed to be equal if this is equal."""
    known = environment_fingerprint()
    packages = {name: known["packages"][name] for name in ("numpy", "scipy", "cma", "nlopt", "coco-experiment")}
    kernels = sorted({kernel.rpartition(" ")[2] for kernel in known["blas"]})
    simd = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    wide = sorted(name for name in simd if name.startswith(("X86_V4", "AVX512")))
    return {"platform": known["platform"], "kernels": kernels, "wide": wide, "packages": packages}


def main():
    found = {name: compute_hash(file, overrides) for name, file, overrides in experiments()}
    text = json.dumps({"bits": bits(), "traces": found}, indent=2) + "\n"
    if "--write" in sys.argv[1:]:
        HASHES.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
