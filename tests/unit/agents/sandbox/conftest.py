"""What tests of the sandbox share."""

import pytest
from strangers import write_strangers

from searchparty.agents.sandbox.ladder import find_rung


@pytest.fixture(autouse=True)
def _needs_a_rung():
    rung, why = find_rung()
    if not rung:
        pytest.skip(f"no sandbox starts here: {why}")


@pytest.fixture
def strangers(tmp_path):
    """A folder with the files of strangers."""
    write_strangers(tmp_path)
    return tmp_path
