"""What the calling program has set is set aside while runs are worked, and is as before afterwards."""

import ast
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from searchparty.agents.toolbox.callback import yield_sent_items
from searchparty.landscapes.ambient import keep_warnings_from_raising, set_ambient_state_aside


class OneKind(UserWarning):
    pass


def test_warnings_are_shown_that_would_have_been_raised():
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.filterwarnings("error", "no way", category=OneKind)
        warnings.filterwarnings("error", category=RuntimeWarning, module="some.module")
        warnings.filterwarnings("ignore", "quiet please")
        warnings.simplefilter("always", DeprecationWarning, append=True)
        kept = list(warnings.filters)
        with set_ambient_state_aside():
            actions = [(each[0], each[2], each[4]) for each in warnings.filters]
            assert actions == [
                ("ignore", Warning, 0), ("default", RuntimeWarning, 0), ("default", OneKind, 0),
                ("always", DeprecationWarning, 0),
            ]  # fmt: skip
            assert [each[1] and each[1].pattern for each in warnings.filters] == ["quiet please", None, "no way", None]
            assert warnings.filters[1][3].pattern == "some.module"
            with pytest.warns(OneKind, match="no way"):
                warnings.warn("no way", OneKind, stacklevel=1)
        assert warnings.filters == kept


def test_a_filter_of_several_categories_is_kept():
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("error", (UserWarning, RuntimeWarning))
        keep_warnings_from_raising()
        with pytest.warns(RuntimeWarning, match="shown"):
            warnings.warn("shown", RuntimeWarning, stacklevel=1)


def test_filters_that_raise_nothing_are_left_alone():
    with warnings.catch_warnings():
        warnings.resetwarnings()
        warnings.simplefilter("always")
        kept = list(warnings.filters)
        keep_warnings_from_raising()
        assert warnings.filters == kept


def test_our_own_arithmetic_is_quiet_and_libraries_have_one_thread():
    with np.errstate(all="raise"):
        with set_ambient_state_aside(), warnings.catch_warnings():
            warnings.simplefilter("error")
            assert np.float64(1.7e308) * 10 == np.inf
            # A greenlet has a context of its own, in which numpy would warn.
            assert list(yield_sent_items(lambda send: send(np.float64(-1.7e308) * 10))) == [-np.inf]
            assert {each["num_threads"] for each in threadpool_info()} <= {1}
        with pytest.raises(FloatingPointError, match="overflow"):
            np.float64(1.7e308) * 10


def test_every_numerical_library_has_one_thread_however_late_it_is_used():
    """scipy has a BLAS of its own: if it were loaded within the context, it would keep all threads."""
    code = (
        "from threadpoolctl import threadpool_info\n"
        "from searchparty.landscapes.ambient import set_ambient_state_aside\n"
        "with set_ambient_state_aside():\n"
        "    import scipy.optimize, scipy.linalg, scipy.special\n"
        "    print([pool['num_threads'] for pool in threadpool_info()])\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert set(ast.literal_eval(done.stdout)) == {1}


@pytest.mark.parametrize("hidden", [False, True])
def test_the_blas_of_scipy_is_loaded_alone_where_its_file_is_found(hidden):
    script = (
        "import sys, numpy, scipy\n"
        "from importlib.machinery import PathFinder\n"
        "from threadpoolctl import threadpool_info\n"
        "from searchparty.landscapes import ambient\n"
        "class Hidden:\n"
        "    find_spec = staticmethod(lambda *given: None)\n"
        f"ambient.PathFinder = Hidden if {hidden} else PathFinder\n"
        "ambient.load_blas_of_scipy()\n"
        "loaded = {pool['filepath'] for pool in threadpool_info()}\n"
        "print('scipy.linalg' in sys.modules)\n"
        "import scipy.linalg.blas\n"
        "print(loaded == {pool['filepath'] for pool in threadpool_info()} != set())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(hidden), "True"]
