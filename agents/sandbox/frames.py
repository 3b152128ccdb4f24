"""The frames that this process and a confined one exchange: a short JSON header, then numbers as they lie in memory.

A frame is the length of its header and the number of its floats (8 bytes), the header, and the floats, as little-endian
float64. Whoever reads states how much it accepts before a byte is read, and nothing that arrives is ever unpickled.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...landscapes.landscape import Array

PREFIX = struct.Struct("<II")
MOST_HEADER_BYTES = 4096
"""The most bytes of a header that a confined process may send."""
MOST_FLOATS = 8 << 20
"""The most floats of a frame that a confined process may send: 64 MB."""
MOST_SENT_BYTES = 64 << 20
"""The most bytes of a header that is sent to a confined process: it may hold the text of a file."""
READ_BYTES = 1 << 16
WAIT_SECONDS = 0.25
"""This process looks at its clocks at least this often while it waits."""
RECEIVE_TIMEOUT = struct.pack("ll", 0, int(WAIT_SECONDS * 1e6))
"""The same, as the operating system takes it."""


class FrameError(Exception):
    """What was sent is no frame, or more than is accepted; the message says what, after the sender's name."""


class ChannelClosed(Exception):
    """The other process has ended, or closed the channel."""


Frame = tuple[dict[str, Any], Array]
"""A header, and the floats (n,) behind it."""


def encode_frame(header: bytes, floats: Sequence[Array] = ()) -> bytes:
    """Return a frame. Floats are sent as they are, in the order of their memory if they are contiguous."""
    pieces = [array.astype("<f8", order="C", copy=False).tobytes() for array in floats]
    return b"".join((PREFIX.pack(len(header), sum(map(len, pieces)) // 8), header, *pieces))


def dump_header(header: dict[str, Any]) -> bytes:
    """Return a header as bytes. Floats keep all their bits."""
    return json.dumps(header, separators=(",", ":")).encode()


def parse_header(text: bytes) -> dict[str, Any]:
    """Return the header that bytes hold. Raises FrameError if it is no JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise FrameError("sent a header that is no JSON") from None
    if type(found) is not dict:
        raise FrameError("sent a header that is no JSON object")
    return found


class FrameReader:
    """Cuts frames out of what arrives, into buffers of the expected size.

    Args:
        most_header: The most bytes of a header.
        most_floats: The most floats of a frame.
    """

    __slots__ = ("_buffer", "_filled", "_known", "_most_floats", "_most_header", "_view")

    def __init__(self, most_header: int = MOST_HEADER_BYTES, most_floats: int = MOST_FLOATS) -> None:
        self._most_header, self._most_floats = most_header, most_floats
        self._buffer = bytearray(READ_BYTES)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._known: tuple[bytes, dict[str, Any]] = (b"", {})

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived that is not read yet."""
        return not self._filled

    def read(self, receive: Any) -> Frame:
        """Read the next frame.

        Args:
            receive: Fills a buffer, and returns how many bytes it has got; 0 at the end.

        Raises:
            FrameError: It is none, or larger than is accepted.
            ChannelClosed: The channel has ended.
        """
        self._fill(receive, PREFIX.size)
        length, count = PREFIX.unpack_from(self._buffer)
        if length > self._most_header:
            raise FrameError(f"sent a header of {length:,} bytes; at most {self._most_header:,} are accepted")
        if count > self._most_floats:
            raise FrameError(f"sent {count:,} numbers at once; at most {self._most_floats:,} are accepted")
        start, size = PREFIX.size + length, PREFIX.size + length + 8 * count
        self._fill(receive, start)
        text = bytes(self._view[PREFIX.size : start])
        if text != self._known[0]:
            # Most frames have the header of the one before.
            self._known = text, parse_header(text)
        if size <= len(self._buffer):
            self._fill(receive, size)
            floats = np.frombuffer(self._buffer, "<f8", count, start).copy()
        else:
            floats = self._read_long(receive, start, count)
            size = self._filled
        if self._filled > size:
            self._view[: self._filled - size] = self._view[size : self._filled]
        self._filled -= size
        return self._known[1], floats

    def _fill(self, receive: Any, size: int) -> None:
        """Read until the buffer holds this many bytes."""
        if size > len(self._buffer):
            wider = bytearray(size)
            wider[: self._filled] = self._view[: self._filled]
            self._buffer, self._view = wider, memoryview(wider)
        while self._filled < size:
            got = receive(self._view[self._filled :])
            if not got:
                raise ChannelClosed
            self._filled += got

    def _read_long(self, receive: Any, start: int, count: int) -> Array:
        """Read floats that the buffer cannot hold into an array of their size; the buffer holds nothing behind them."""
        floats = np.empty(count)
        place = memoryview(floats.data).cast("B")
        got = min(self._filled - start, len(place))
        place[:got] = self._view[start : start + got]
        while got < len(place):
            more = receive(place[got:])
            if not more:
                raise ChannelClosed
            got += more
        return floats


class HostChannel:
    """This process's end of the channel to a confined process.

    Args:
        end: A connected stream socket.
        seconds: How long a message may take.
    """

    def __init__(self, end: socket.socket, seconds: float) -> None:
        self._socket, self._seconds = end, seconds
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, RECEIVE_TIMEOUT)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, RECEIVE_TIMEOUT)
        self._reader = FrameReader()
        self._deadline = 0.0

    def wait(self, seconds: float) -> None:
        """Wait so long for the next frame, whatever the limit of a message is."""
        self._deadline = time.monotonic() + seconds

    def send(self, header: bytes, floats: Sequence[Array] = ()) -> None:
        """Send a frame. Raises ChannelClosed if nobody receives it, TimeoutError if it is not received in time."""
        if not self._reader.is_empty:
            raise FrameError("sent more than it was asked for")
        self._deadline = time.monotonic() + self._seconds
        left: bytes | memoryview = encode_frame(header, floats)
        while left:
            try:
                sent = self._socket.send(left)
            except BlockingIOError:
                self._check_clock()
                continue
            except OSError:
                raise ChannelClosed from None
            left = memoryview(left)[sent:] if sent < len(left) else b""

    def receive(self) -> Frame:
        """Receive the next frame.

        Raises:
            FrameError: It is none, or too large.
            ChannelClosed: The process has ended.
            TimeoutError: It has sent nothing for too long.
        """
        return self._reader.read(self._receive_into)

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _receive_into(self, place: memoryview) -> int:
        while True:
            # Also where something arrives: it may arrive byte by byte.
            self._check_clock()
            try:
                return self._socket.recv_into(place)
            except BlockingIOError:
                continue
            except OSError:
                return 0

    def _check_clock(self) -> None:
        if time.monotonic() > self._deadline:
            raise TimeoutError


class ConfinedChannel:
    """The confined process's end, which is an open descriptor: there is nothing else that it could read or write.

    Args:
        descriptor: The descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._reader = FrameReader(MOST_SENT_BYTES, MOST_SENT_BYTES)

    def send(self, header: bytes, floats: Sequence[Array] = ()) -> None:
        """Send a frame."""
        data = encode_frame(header, floats)
        while data:
            data = data[os.write(self._descriptor, data) :]

    def receive(self) -> Frame:
        """Receive the next frame. Raises ChannelClosed if this process is no longer needed."""
        return self._reader.read(self._receive_into)

    def _receive_into(self, place: memoryview) -> int:
        return os.readv(self._descriptor, [place])
