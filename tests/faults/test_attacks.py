"""Attacks from within the sandbox: all are stopped, on each rung that starts, as root and as another user.

They run in user, mount, pid and net namespaces of their own, which this test makes, and nowhere else.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from attacks import SECRET

from searchparty.agents.sandbox.confined_process import SandboxError
from searchparty.agents.sandbox.ladder import NAMESPACES, RUNGS, start_server

NAMES = ("user", "mnt", "pid", "net")
USERS = {"root": ["--map-root-user"], "nobody": ["--map-user=65534", "--map-group=65534"]}
WRAPPER = ["unshare", "--user", "--mount", "--pid", "--fork", "--net", "--mount-proc", "--keep-caps", "--kill-child"]


def refuse_namespaces(user):
    """Why namespaces cannot be made for this user; "" if they can."""
    if shutil.which("unshare") is None:
        return "unshare is not installed"
    done = subprocess.run([*WRAPPER, *USERS[user], "true"], capture_output=True, text=True)
    return done.stderr.strip()


def refuse_rung(rung):
    """Why a rung does not start here; "" if it does."""
    try:
        start_server(rung).close()
    except SandboxError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("user", ["root", pytest.param("nobody", marks=pytest.mark.extras)])
@pytest.mark.parametrize("rung", RUNGS)
def test_attacks_are_stopped(rung, user):
    if os.uname().machine != "x86_64":
        pytest.skip("the attacks are written for x86_64")
    why = refuse_namespaces(user)
    if why:
        pytest.skip(f"user, mount, pid and net namespaces cannot be made here: {why}")
    why = refuse_rung(rung)
    if why:
        pytest.skip(f"rung {rung} does not start here: {why}")
    outer = json.dumps({name: os.readlink(f"/proc/self/ns/{name}") for name in NAMES})
    script = Path(__file__).parent / "attacks.py"
    kept = {name: os.environ[name] for name in os.environ if name == "PATH" or name.startswith("OPENBLAS")}
    done = subprocess.run(
        [*WRAPPER, *USERS[user], sys.executable, str(script), rung, outer],
        capture_output=True, text=True, timeout=600, env=kept | {"PLANTED": SECRET},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout) == [], done.stderr[-6000:]


def test_the_second_rung_is_wrapped_whole():
    from searchparty.agents.sandbox.ladder import wrap_in_namespaces

    words = wrap_in_namespaces("/usr/bin/bwrap")
    assert words[:4] == ["/usr/bin/bwrap", "--unshare-all", "--die-with-parent", "--new-session"]
    assert "--bind" not in words
    assert RUNGS[0] == NAMESPACES
