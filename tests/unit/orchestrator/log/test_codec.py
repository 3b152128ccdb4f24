"""Fields of a finding that are written only where they are set."""

import pytest

from searchparty.agents.agent import Finding
from searchparty.orchestrator.log.codec import decode_event, encode_event, event_kind
from searchparty.orchestrator.state.events import Collected


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
