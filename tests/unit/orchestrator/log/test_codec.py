"""Fields of findings and leases that are written only where they are set."""

import pytest

from searchparty.agents.agent import Finding, Lease, Region
from searchparty.orchestrator.log.codec import decode_event, encode_event, event_kind
from searchparty.orchestrator.state.events import Collected, Granted


@pytest.mark.parametrize("why", ["spent", "failed"])
def test_noise_is_written_only_where_it_was_seen_and_is_read_again(why):
    for noisy in (False, True):
        event = Collected(Finding(0, "slsqp", 3, 3, why, cause="raised" if why == "failed" else "", noisy=noisy))
        data = encode_event(event)
        assert data.get("noisy", False) is noisy
        assert decode_event(event_kind(event), data) == event


@pytest.mark.parametrize("value", [1, "yes", None, False])
def test_anything_else_in_its_place_is_damage(value):
    event = Collected(Finding(0, "slsqp", 3, 3, "spent"))
    with pytest.raises(ValueError, match="noisy must be true"):
        decode_event(event_kind(event), encode_event(event) | {"noisy": value})


def test_repeats_are_written_only_where_they_are_asked_for_and_where_they_have_chosen():
    for repeats in (False, True):
        lease = Lease(0, "cma-es", 10, Region.whole(2), "again", repeats=repeats)
        granted = encode_event(Granted(0, (lease,)))
        assert ("repeats" in granted["leases"][0]) is repeats
        assert decode_event("Granted", granted).leases[0].repeats is repeats
        event = Collected(Finding(0, "cma-es", 3, 3, "spent", confirmed=repeats))
        found = encode_event(event)
        assert ("confirmed" in found) is repeats
        assert decode_event(event_kind(event), found) == event
    with pytest.raises(ValueError, match="confirmed must be true"):
        decode_event(event_kind(event), found | {"confirmed": 1})


def test_that_a_lease_hands_over_its_incumbent_is_written_only_where_it_does():
    for takes_over in (False, True):
        lease = Lease(0, "adam", 10, Region.whole(2), "shared", takes_over=takes_over)
        data = encode_event(Granted(0, (lease,)))
        assert ("takes_over" in data["leases"][0]) is takes_over
        (found,) = decode_event("Granted", data).leases
        assert found.takes_over is takes_over
    with pytest.raises(ValueError, match="takes_over must be true"):
        decode_event("Granted", {"number": 0, "leases": [data["leases"][0] | {"takes_over": 1}]})


def test_lanes_are_written_only_where_there_are_several():
    for lanes in (1, 3):
        data = encode_event(Granted(0, (Lease(0, "slsqp", 10, Region.whole(2), "opens", lanes=lanes),)))
        assert data["leases"][0].get("lanes", 1) == lanes
        assert ("lanes" in data["leases"][0]) is (lanes > 1)
        (found,) = decode_event("Granted", data).leases
        assert found.lanes == lanes
    for wrong in (1, 0, 2.0, True):
        with pytest.raises(ValueError, match="lanes must be a whole number of at least 2"):
            decode_event("Granted", {"number": 0, "leases": [data["leases"][0] | {"lanes": wrong}]})
