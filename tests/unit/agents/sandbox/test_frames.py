"""Frames: what arrives is what was sent, and nothing is read that was not accepted before."""

import json
import socket
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchparty.agents.agent import Lease, Region
from searchparty.agents.sandbox.frames import (
    MOST_FLOATS,
    MOST_HEADER_BYTES,
    PREFIX,
    ChannelClosed,
    ConfinedChannel,
    FrameError,
    FrameReader,
    HostChannel,
    dump_header,
    encode_frame,
)
from searchparty.agents.sandbox.plain_data import FloatCursor, LeaseDecoder, encode_lease


def read_bytes(data, piece=1 << 20):
    """Read frames from bytes that arrive in pieces, to their end."""
    place, found, reader = 0, [], FrameReader()

    def receive(buffer):
        nonlocal place
        part = data[place : place + min(piece, len(buffer))]
        buffer[: len(part)] = part
        place += len(part)
        return len(part)

    try:
        while True:
            found.append(reader.read(receive))
    except ChannelClosed:
        return found


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.dictionaries(st.text(max_size=5), st.integers()), st.integers(0, 20_000)), max_size=4),
    st.integers(1, 100_000),
)
def test_frames_arrive_as_they_were_sent(sent, piece):
    frames = [(header, np.random.default_rng(n).random(n)) for header, n in sent]
    data = b"".join(encode_frame(dump_header(header), [floats]) for header, floats in frames)
    got = read_bytes(data, piece if len(data) < 1000 else max(piece, 999))
    assert [header for header, _ in got] == [header for header, _ in frames]
    assert all(a.tobytes() == b.tobytes() for (_, a), (_, b) in zip(got, frames, strict=True))


def test_special_floats_keep_their_bits():
    floats = np.array([np.nan, -0.0, np.inf, 5e-324, 1 / 3])
    ((_, got),) = read_bytes(encode_frame(b"{}", [floats]))
    assert got.tobytes() == floats.tobytes()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (PREFIX.pack(MOST_HEADER_BYTES + 1, 0), "header of 4,097 bytes"),
        (PREFIX.pack(2, MOST_FLOATS + 1), "8,388,609 numbers at once"),
        (PREFIX.pack(2, 2**32 - 1), "4,294,967,295 numbers at once"),
        (PREFIX.pack(2, 0) + b"[]", "no JSON object"),
        (PREFIX.pack(3, 0) + b"\xff\xfe\xfd", "no JSON"),
        (PREFIX.pack(4000, 0) + b"[" * 4000, "no JSON"),
        (b"Traceback (most recent call last)", "at most"),
    ],
)
def test_what_is_no_frame_is_refused_before_it_is_read(data, words):
    with pytest.raises(FrameError, match=words):
        read_bytes(data)


def test_a_channel_sends_more_than_a_socket_holds():
    here, there = socket.socketpair()
    host, floats = HostChannel(here, 30.0), np.random.default_rng(0).random(500_000)

    def echo():
        channel = ConfinedChannel(there.fileno())
        header, got = channel.receive()
        channel.send(dump_header(header), [got])

    thread = threading.Thread(target=echo)
    thread.start()
    host.send(b'{"op":"x"}', [floats[:10], floats[10:]])
    header, got = host.receive()
    thread.join()
    assert header == {"op": "x"}
    assert got.tobytes() == floats.tobytes()
    there.close()
    with pytest.raises(ChannelClosed, match="^$"):
        host.receive()
    with pytest.raises(ChannelClosed, match="^$"):
        host.send(b"{}")
    host.close()


def test_silence_and_chatter_are_seen():
    here, there = socket.socketpair()
    host = HostChannel(here, 0.3)
    host.send(b"{}")
    with pytest.raises(TimeoutError, match="^$"):
        host.receive()
    there.sendall(encode_frame(b"{}") * 2)
    host.send(b"{}")
    host.receive()
    with pytest.raises(FrameError, match="more than it was asked for"):
        host.send(b"{}")
    here.close()
    there.close()


def test_headers_keep_the_bits_of_floats():
    assert json.loads(dump_header({"a": 0.1 + 0.2}))["a"] == 0.1 + 0.2


@pytest.mark.parametrize("asked", [{}, {"repeats": True}, {"takes_over": True}])
def test_what_a_lease_asks_for_arrives_and_is_sent_only_where_it_asks(asked):
    lease = Lease(3, "a", 10, Region(np.array([0.1, 0.9]), 0.3), "because", **asked)
    data, vectors = encode_lease(lease, None)
    assert {"repeats", "takes_over"}.intersection(data) == set(asked)
    found = LeaseDecoder(2).decode(data, FloatCursor(np.concatenate(vectors)))
    assert (found.repeats, found.takes_over) == (lease.repeats, lease.takes_over)
