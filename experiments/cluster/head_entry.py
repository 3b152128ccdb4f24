"""The entry point of jobs on a cluster's head. It uses the standard library only.

The system's Python starts it. It either continues in the Python that Ray itself runs in, or prints a results directory
as text: that is how results are fetched through a job's log.
"""

import base64
import json
import os
import pathlib
import shlex
import sqlite3
import subprocess
import sys
import tempfile
import zlib

BEGIN, END = "-----BEGIN SEARCHPARTY RESULTS-----", "-----END SEARCHPARTY RESULTS-----"
LINE_CHARACTERS = 48_000
RESULT_FILES = ("experiment.yaml", "log.sqlite")


def find_ray_python() -> str:
    """Find the interpreter with which Ray starts its processes, from the raylet's command line.

    Returns:
        Its path; that of this interpreter if it cannot be found.
    """
    parent = os.getppid()
    try:
        while parent > 1:
            words = pathlib.Path(f"/proc/{parent}/cmdline").read_bytes().decode(errors="replace").split("\0")
            command = [word for word in words if word.startswith("--python_worker_command=")]
            if command:
                return shlex.split(command[0].partition("=")[2])[0]
            status = pathlib.Path(f"/proc/{parent}/stat").read_text()
            parent = int(status.rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        pass
    return sys.executable


def exec_in_ray_python(arguments: list[str]) -> None:
    """Replace this process by the command line in Ray's Python. "~" in an argument is the home directory on the head.

    Exit with code 1 and a message if searchparty cannot be imported there.
    """
    python = find_ray_python()
    words = [os.path.expanduser(word) for word in arguments]
    tried = subprocess.run([python, "-c", "import searchparty.experiments.cli.main"], capture_output=True, text=True)
    if tried.returncode:
        why = (tried.stderr.strip().splitlines() or ["it does not start"])[-1]
        print(f"The Python that Ray runs in on the head, {python}, must have what `searchparty run` imports: {why}.")
        print("Install it there (pip install typer rich jinja2 scipy threadpoolctl greenlet ...), then submit again.")
        sys.exit(1)
    sys.stdout.flush()
    os.execv(python, [python, "-m", "searchparty.experiments.cli.main", *words])


def print_results(place: str) -> None:
    """Print a results directory: its YAML, and a copy of its log as it is now, even while it grows.

    Exit with code 1 and a message if there are no results.
    """
    directory = pathlib.Path(place).expanduser()
    for name in RESULT_FILES:
        if (directory / name).exists() and not (directory / name).is_file():
            print(f"{directory / name} is no regular file. Give the results directory of a run.")
            sys.exit(1)
    if not (directory / RESULT_FILES[0]).exists():
        print(f"{directory} has no {RESULT_FILES[0]}: the job has not started, or its results were removed.")
        sys.exit(1)
    with tempfile.TemporaryDirectory() as name:
        copy = pathlib.Path(name) / RESULT_FILES[1]
        if (directory / RESULT_FILES[1]).exists():
            _copy_log(directory / RESULT_FILES[1], copy)
        print(BEGIN)
        for path in (directory / RESULT_FILES[0], copy):
            if path.exists():
                _print_file(path)
        print(END)


def _copy_log(path: pathlib.Path, copy: pathlib.Path) -> None:
    source, target = sqlite3.connect(f"file:{path}?mode=ro", uri=True), sqlite3.connect(copy)
    with target:
        source.backup(target)
    # Nothing writes to the copy, so it leaves write-ahead mode, as a closed log does.
    target.execute("PRAGMA journal_mode=DELETE")
    target.close()
    source.close()


def _print_file(path: pathlib.Path) -> None:
    """Print a file: a line of JSON with its name and size, its compressed bytes as base64, and a line with a checksum.

    The submit module parses this format (``submit.py``).
    """
    packed, checksum, count = zlib.compressobj(6), 0, 0
    left = b""
    with path.open("rb") as source:
        print(json.dumps({"file": path.name, "bytes": path.stat().st_size}))
        while True:
            piece = source.read(1 << 20)
            checksum, count = zlib.crc32(piece, checksum), count + len(piece)
            left += packed.compress(piece) if piece else packed.flush()
            whole = len(left) if not piece else len(left) // LINE_CHARACTERS * LINE_CHARACTERS
            for start in range(0, whole, LINE_CHARACTERS):
                print(base64.b64encode(left[start : min(start + LINE_CHARACTERS, whole)]).decode())
            left = left[whole:]
            if not piece:
                break
    print(json.dumps({"end": path.name, "bytes": count, "crc32": checksum}))


if __name__ == "__main__":
    if sys.argv[1] == "send":
        print_results(sys.argv[2])
    else:
        exec_in_ray_python(sys.argv[1:])
