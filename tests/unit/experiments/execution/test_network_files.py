"""What landscapes of networks name: data and code travel, are digested, signed and trusted as those of other kinds."""

import numpy as np
import pytest

from searchparty.experiments.execution.fingerprint import PACKAGES, list_packages, name_models
from searchparty.experiments.execution.staging import list_model_files
from searchparty.experiments.execution.trust.named_code import is_user_code
from searchparty.experiments.execution.trust.sources import digest_sources
from searchparty.experiments.execution.user_files import digest_neighbours, digest_user_files
from searchparty.landscapes.classics import Sphere
from searchparty.landscapes.jax_function import JaxFunction
from searchparty.landscapes.landscape import LandscapeError
from searchparty.landscapes.network import NeuralNetwork
from searchparty.landscapes.torch_module import TorchModule
from searchparty.landscapes.user_code import withhold_user_code


@pytest.fixture
def home(tmp_path):
    np.savez(tmp_path / "my.npz", x=np.arange(20.0).reshape(10, 2), y=np.arange(10) % 2)
    (tmp_path / "mine.py").write_text("from beside import size\n")
    (tmp_path / "rows.py").write_text("rows = 1\n")
    (tmp_path / "beside.py").write_text("size = 3\n")
    return tmp_path


def landscapes(home):
    base = str(home)
    return {
        "network": NeuralNetwork(data="my.npz", base=base),
        "jax": JaxFunction(function="mine.py:loss", init="init", data="rows.py:rows", base=base),
        "torch": TorchModule(module="mine.py:model", loss="loss", data="rows.py:rows", base=base),
    }


NAMED = {"network": {"my.npz"}} | {kind: {"mine.py", "beside.py", "rows.py"} for kind in ("jax", "torch")}


@pytest.mark.parametrize("kind", NAMED)
def test_what_is_named_travels(home, kind):
    assert {path.name for path in list_model_files(landscapes(home)[kind])} == NAMED[kind]


def test_bundled_data_name_no_file():
    landscape = NeuralNetwork(data="digits")
    assert list(list_model_files(landscape)) == []
    assert digest_user_files({"network": landscape}) == {}


@pytest.mark.parametrize(("kind", "file"), [(kind, file) for kind, files in NAMED.items() for file in sorted(files)])
def test_a_change_of_what_is_named_is_seen(home, kind, file):
    def digest():
        models = {"it": landscapes(home)[kind]}
        settings = landscapes(home)[kind].model_dump()
        return (digest_user_files(models), digest_neighbours(models)), digest_sources(settings, str(home))

    before = digest()
    (home / file).write_bytes((home / file).read_bytes() + b"\n# changed\n")
    after = digest()
    # Resuming compares the first, and trust the second.
    assert before[0] != after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize(("kind", "is_code"), [("network", False), ("jax", True), ("torch", True)])
def test_code_of_a_user_is_known_as_such(home, kind, is_code):
    assert is_user_code(landscapes(home)[kind]) == is_code


@pytest.mark.extras
@pytest.mark.parametrize(("kind", "library"), [("jax", "jax"), ("torch", "torch")])
def test_code_that_is_not_trusted_is_not_run(home, kind, library):
    pytest.importorskip(library)
    (home / "mine.py").write_text("raise SystemExit('was run')\n")
    with withhold_user_code() as withheld, pytest.raises(LandscapeError, match="must be trusted before it is run"):
        landscapes(home)[kind].open()
    assert withheld


def test_versions_of_the_libraries_are_recorded(home):
    found = list_packages([Sphere(), *landscapes(home).values()])
    assert found[: len(PACKAGES)] == list(PACKAGES)
    assert set(found[len(PACKAGES) :]) == {"jax", "jaxlib", "scikit-learn", "torch"}
    assert list_packages([Sphere()]) == list(PACKAGES)


def test_landscapes_that_name_different_files_have_different_names(home):
    class Plan:
        def __init__(self, landscape):
            self.landscape, self.policy, self.team = landscape, (), ()

    found = name_models(
        [Plan(each) for each in [*landscapes(home).values(), NeuralNetwork(data="my.npz", base="/other")]]
    )
    names = [name for name in found if name.startswith("landscape")]
    assert len(names) == 4
    assert {"landscape network my.npz", "landscape jax mine.py:loss", "landscape torch mine.py:model"} <= set(names)
