"""A memory limit holds for private memory and for shared mappings, and leaves libraries what they reserve."""

import subprocess
import sys

import pytest

from searchparty.landscapes.process import confine

MEMORY = 400 * 10**6
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces these limits")
no_gpu = pytest.mark.skipif(
    any(map(confine.os.path.exists, confine.GPU_DEVICES)), reason="the address space is not limited beside a GPU"
)


def confined(code, memory=MEMORY):
    """Run Python code in a process with a memory limit; return what it prints."""
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); import confine; "
        "confine.confine(os.getppid(), int(sys.argv[2])); exec(sys.argv[3])"
    )
    folder = confine.__file__.rpartition("/")[0]
    done = subprocess.run([sys.executable, "-c", script, folder, str(memory), code], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


MAP = "import mmap; m = mmap.mmap(-1, {size}{flags}); m[0] = 1; print('mapped')"


@linux
@no_gpu
@pytest.mark.parametrize("flags", ["", ", mmap.MAP_PRIVATE"], ids=["shared", "private"])
def test_a_mapping_beyond_the_limit_is_refused(flags):
    beyond = MEMORY + confine.reserve_margin() + 2**28
    assert "Cannot allocate memory" in confined(MAP.format(size=beyond, flags=flags))
    assert confined(MAP.format(size=2**26, flags=flags)) == "mapped"


@linux
@no_gpu
def test_shared_mappings_are_limited_together():
    count = (MEMORY + confine.reserve_margin()) // 2**28
    code = f"import mmap; kept = [mmap.mmap(-1, 2**28) for _ in range({count + 1})]; print('mapped')"
    assert "Cannot allocate memory" in confined(code)
    assert confined(code, 0) == "mapped"


@linux
@no_gpu
def test_a_file_that_was_mapped_before_does_not_count(tmp_path):
    """As in a child that is forked from a process which has mapped its data."""
    (tmp_path / "data").touch()
    with (tmp_path / "data").open("r+b") as file:
        file.truncate(20 * 2**30)
    script = (
        "import mmap, os, sys; sys.path.insert(0, sys.argv[1]); import confine\n"
        "with open(sys.argv[2], 'rb') as f: data = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)\n"
        "confine.confine(os.getppid(), 400 * 10**6)\n"
        "more = mmap.mmap(-1, 2**26); print(data[5])"
    )
    folder = confine.__file__.rpartition("/")[0]
    done = subprocess.run([sys.executable, "-c", script, folder, tmp_path / "data"], capture_output=True, text=True)
    assert done.stdout == "0\n", done.stderr


@linux
def test_the_usual_libraries_are_imported_within_the_limit():
    code = "import numpy, scipy.optimize, scipy.spatial, ray; print(float((numpy.eye(300) @ numpy.ones(300))[0]))"
    assert confined(code, 10**9) == "1.0"
