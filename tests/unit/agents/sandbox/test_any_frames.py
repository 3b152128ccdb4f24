"""Whatever a confined process sends, the other side raises the errors that it has names for, and no others."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty import AgentError, Region
from searchparty.agents.leases.proposal import price_proposal
from searchparty.agents.leases.search_rules import check_ending
from searchparty.agents.sandbox.plain_data import encode_text
from searchparty.agents.sandbox.sandboxed_agent import _End, read_proposal
from searchparty.agents.sandbox.their_process import TheirError, read_error
from searchparty.landscapes.landscape import Space
from searchparty.orchestrator.loop.audit import InvalidDecision, audit_decision
from searchparty.orchestrator.sandbox.sandboxed_policy import _read_lease
from searchparty.orchestrator.state.member import Member
from searchparty.orchestrator.state.run import Run

SPACE = Space(np.zeros(2), np.ones(2))
ODD = st.recursive(
    st.sampled_from(
        [None, True, False, 0, 1, -1, 2, 10**9, 10**30, 1.5, float("nan"), float("inf"), "", "m0", "\ud800", "\x1b[31m"]
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "v"]), inner, max_size=2),
    max_leaves=6,
)
FLOATS = st.integers(0, 7).map(lambda n: np.linspace(0.0, 1.0, n))


def or_odd(**right):
    """Mappings with these values, or odd ones, or without some of them."""
    return st.fixed_dictionaries({}, optional={name: st.one_of(good, ODD) for name, good in right.items()})


def one_of(*values):
    return st.sampled_from(values)


@settings(max_examples=600, deadline=None)
@given(
    or_odd(
        op=one_of("points", "done", "converged", "raised"), kind=one_of("", "gradients", "repeats", "mini-batch"),
        shape=one_of([1, 2], [2], [0, 2], [2, 1], [2, 0, 10**30]), rows=one_of(3), type=one_of("list"),
        dtype=one_of("i8"), loss=one_of(1.0), length=one_of(0, 3, 8), escape=one_of(True, False),
    ),
    FLOATS,
)  # fmt: skip
def test_proposals_and_endings(header, floats):
    words = ""
    try:
        found = read_proposal((header, floats))
        if isinstance(found, _End):
            check_ending(found.result, 2)
        else:
            price_proposal(found, SPACE, 1, True)
    except AgentError as error:
        words = str(error)
    # It can be logged and shown.
    assert words.isprintable()


@settings(max_examples=600, deadline=None)
@given(
    or_odd(
        id=one_of(0), agent=one_of("m0"), budget=one_of(10), radius=one_of(0.5), center=one_of(2), archive=one_of(0),
        reason=one_of("since it is so"), fresh=one_of(True), settings=one_of({}), takes_over=one_of(False),
        lanes=one_of(1), repeats=one_of(False), incumbent=one_of(["m0", 0, 0, 1.0]),
    ),
    FLOATS,
)  # fmt: skip
def test_leases(data, floats):
    run = Run("r", SPACE, 1.0, 100, 2, Region.whole(2), {"m0": Member("m0", 0, row_price=1)})
    length, text = encode_text(json.dumps(data))
    try:
        lease = _read_lease(({"op": "lease", "length": length}, np.concatenate([text, floats])), run)
        audit_decision(run, (lease,), "theirs")
    except InvalidDecision as error:
        words = str(error)
    except (TheirError, ValueError, TypeError, KeyError):
        # What ``decide`` words.
        words = ""
    else:
        words = ""
        json.dumps([lease.reason, lease.settings, lease.agent], ensure_ascii=False).encode()
    assert words.isprintable()


@pytest.mark.parametrize("text", ["[1]", "{}", "3", '["a", "b", "c"]', "[" * 5000, '["a\\ud800", "b\\u001b"]', "\x00"])
def test_causes(text):
    length, floats = encode_text(text)
    for said in (length, None, -1, 10**9, 1.5):
        with pytest.raises(TheirError, match=".*") as told:
            read_error(({"op": "raised", "length": said}, floats))
        assert f"{told.value}{told.value.place}".isprintable()
