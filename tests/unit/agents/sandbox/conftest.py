"""What tests of the sandbox share."""

import pytest
from strangers import write_strangers


@pytest.fixture(autouse=True)
def _needs_a_rung(rung):
    pass


@pytest.fixture
def strangers(tmp_path):
    """A folder with the files of strangers."""
    write_strangers(tmp_path)
    return tmp_path
