"""Fixtures for the tests of agents: the drive of the contract kit."""

import pytest
from threadpoolctl import threadpool_limits

from searchparty.experiments.contracts.drive import drive_search, make_lease


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Numerical libraries have one thread, as in every run."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session", autouse=True)
def long_thoughts():
    """Let agents think for long: on a busy machine, compiling what they need takes more than ten seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("searchparty.experiments.contracts.agent_clauses.LONGEST_THOUGHT", 200.0)
        yield


@pytest.fixture(scope="session")
def lease_of():
    """Return a function that makes leases: by default in the whole cube; keywords set the other fields."""
    return make_lease


@pytest.fixture(scope="session")
def drive():
    """Return a function that runs a search on a loss of points (n, D), for some evaluations or to its end."""
    return drive_search
