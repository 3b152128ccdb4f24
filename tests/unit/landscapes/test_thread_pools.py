"""Thread pools are those of the libraries that are loaded now, however late that was."""

import subprocess
import sys

from threadpoolctl import threadpool_info

from searchparty.landscapes import thread_pools
from searchparty.landscapes.thread_pools import count_loads, find_thread_pools


def test_they_are_those_that_are_loaded():
    assert find_thread_pools().info() == threadpool_info()


def test_they_are_looked_for_once():
    assert find_thread_pools() is find_thread_pools()


def test_they_are_looked_for_always_where_loads_are_not_counted(monkeypatch):
    monkeypatch.setattr(thread_pools, "count_loads", lambda: None)
    assert find_thread_pools() is not find_thread_pools()
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert count_loads() is None


def test_a_library_that_is_loaded_later_is_found():
    code = (
        "from threadpoolctl import threadpool_info\n"
        "from searchparty.landscapes.thread_pools import find_thread_pools\n"
        "before = find_thread_pools().info()\n"
        "import scipy.linalg\n"
        "print(before != find_thread_pools().info() == threadpool_info())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
