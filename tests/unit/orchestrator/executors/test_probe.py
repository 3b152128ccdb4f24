"""The messages about addresses at which no Ray answers, which come at once."""

import pytest

from searchparty.orchestrator.loop.executor import ExecutorError

door = pytest.importorskip("searchparty.orchestrator.executors.on_ray.probe")


def test_nothing_answers():
    with pytest.raises(
        ExecutorError, match=r"address must be that of a running Ray, got 127\.0\.0\.1:9, where nothing"
    ):
        door.probe_address("127.0.0.1:9")
    with pytest.raises(ExecutorError, match=r"got ray://127\.0\.0\.1:9, where nothing answers"):
        door.probe_address("ray://127.0.0.1:9")


@pytest.mark.parametrize("address", ["somewhere", "host:port"])
def test_no_address_at_all(address):
    with pytest.raises(ExecutorError, match='address must be "auto", host:port or ray://host:port'):
        door.probe_address(address)


def test_a_dashboard_is_no_place_to_join():
    with pytest.raises(ExecutorError, match="the address of a dashboard, which only submit and fetch use"):
        door.probe_address("http://127.0.0.1:8265")


def test_auto_where_no_ray_runs(monkeypatch):
    monkeypatch.setattr(door.services, "canonicalize_bootstrap_address", lambda _: None)
    with pytest.raises(ExecutorError, match="address auto must find a running Ray, but this machine belongs to none"):
        door.probe_address("auto")


@pytest.mark.parametrize(("mode", "place", "shown"), [
    ("", "203.0.113.5:6379", False),
    ("", "127.0.0.1:6379", True),
    ("token", "203.0.113.5:6379", True),
    ("disabled", "127.0.0.1:6379", False),
])  # fmt: skip
def test_a_token_is_shown_to_strangers_only_where_it_is_switched_on(monkeypatch, mode, place, shown):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "a" * 64)
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    if mode:
        monkeypatch.setenv("RAY_AUTH_MODE", mode)
    door.ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
    assert (door._find_token(place) is not None) is shown
    monkeypatch.undo()
    door.ray._raylet.AuthenticationTokenLoader.instance().reset_cache()
