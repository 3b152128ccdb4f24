"""The files for `ray up`, checked by Ray's own validation and its parser of `ray start`, without any machine."""

import copy
import re
import shlex
import subprocess
import tomllib

import pytest
import yaml
from ray.autoscaler._private.util import hash_runtime_conf, prepare_config, validate_config
from ray.scripts.scripts import start

FILES = ["ray-up.yaml", "ray-up-local.yaml"]


@pytest.fixture(params=FILES)
def prepared(request, repository):
    """Return a file as Ray completes it, after Ray's schema has accepted it."""
    config = yaml.safe_load((repository / "cluster" / request.param).read_text())
    filled = prepare_config(copy.deepcopy(config))
    validate_config(filled)
    return filled


def commands(prepared):
    return [
        command
        for when in ("initialization", "setup", "head_setup", "worker_setup", "head_start_ray", "worker_start_ray")
        for command in prepared[f"{when}_commands"]
    ]


def started(command):
    """Parse the `ray start` in a command line as Ray does; return its options and its environment."""
    words = shlex.split(command.replace("$RAY_HEAD_IP", "10.0.0.1"))
    at = words.index("start")
    assert words[at - 1] == "ray"
    environment = dict(word.split("=", 1) for word in words[:at] if re.match(r"[A-Z_]+=", word))
    return start.make_context("start", words[at + 1 :]).params, environment


def test_ray_takes_it_and_it_makes_a_cluster(prepared):
    types = prepared["available_node_types"]
    assert prepared["head_node_type"] in types
    assert 0 < prepared["max_workers"] <= sum(kind["max_workers"] for kind in types.values())
    # Without `cpus_per_actor` nothing requests more nodes than these.
    assert sum(kind.get("min_workers", 0) for kind in types.values()) > 0
    assert 0 < prepared["idle_timeout_minutes"] <= 60


def test_every_command_is_shell(prepared):
    for command in commands(prepared):
        subprocess.run(["bash", "-n", "-c", command], check=True)


def test_head_and_workers_start_with_the_token_and_find_each_other(prepared):
    head, environment = started(prepared["head_start_ray_commands"][-1])
    worker, also = started(prepared["worker_start_ray_commands"][-1])
    assert head["head"]
    assert not worker["head"]
    assert worker["address"] == f"10.0.0.1:{head['port']}"
    assert environment["RAY_AUTH_MODE"] == also["RAY_AUTH_MODE"] == "token"
    assert head["autoscaling_config"] == "~/ray_bootstrap_config.yaml"
    # It can be reached from other machines only through ssh.
    assert head["dashboard_host"] == "127.0.0.1"
    assert any(here == "~/.ray/auth_token" for here in prepared["file_mounts"].values())
    assert "chmod 600 ~/.ray/auth_token" in prepared["setup_commands"]


def test_what_it_copies_is_what_its_comments_make(prepared, repository, tmp_path, monkeypatch):
    """Ray checks all of it before it starts a machine."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ray").mkdir()
    (tmp_path / ".ray" / "auth_token").write_text("a token")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "searchparty-0.2.0-py3-none-any.whl").touch()
    (tmp_path / "constraints.txt").write_text((repository / "constraints.txt").read_text())
    monkeypatch.chdir(tmp_path)
    runtime, contents = hash_runtime_conf(
        prepared["file_mounts"],
        prepared["cluster_synced_files"],
        commands(prepared),
        generate_file_mounts_contents_hash=True,
    )
    assert runtime
    assert contents


def test_images_and_pins_are_of_one_ray(repository):
    (pinned,) = re.findall(r"^ray==(.*)$", (repository / "constraints.txt").read_text(), re.M)
    image = re.compile(r"rayproject/ray:([\d.]+)-py(\d)(\d+)-cpu")
    needed = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["requires-python"]
    oldest = tuple(map(int, needed.removeprefix(">=").split(".")))
    for name in ("ray-up.yaml", "Dockerfile"):
        (found,) = image.findall((repository / "cluster" / name).read_text())
        assert found[0] == pinned
        assert (int(found[1]), int(found[2])) >= oldest


def test_a_key_that_ray_does_not_know_is_refused(prepared):
    """The validation is effective: a misspelt key is refused."""
    with pytest.raises(Exception, match="idle_timeout_minuets"):
        validate_config(prepared | {"idle_timeout_minuets": 5})
