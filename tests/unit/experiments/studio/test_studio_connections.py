"""Connections of the studio: half-sent headers end, there are not too many, and wrong tokens are slow."""

import asyncio
import contextlib
import socket
import threading
import time

import pytest
import uvicorn

from searchparty.experiments.studio.access import connections, token
from searchparty.experiments.studio.access.connections import BoundedProtocol
from searchparty.experiments.studio.access.guard import Guard

ASKED = b"GET / HTTP/1.1\r\nHost: studio\r\n\r\n"
WAIT = 0.6


async def app(scope, receive, send):
    if scope["path"] == "/slow":
        await asyncio.sleep(3 * WAIT)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def serve(monkeypatch):
    """Serve with few connections and a short wait for headers; the address."""
    monkeypatch.setattr(connections, "HEADER_SECONDS", WAIT)
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 8)
    with contextlib.ExitStack() as stack:

        def begin(application=app):
            listening = socket.create_server(("127.0.0.1", 0))
            config = uvicorn.Config(
                application, http=BoundedProtocol, log_level="error", ws="none", lifespan="off", timeout_keep_alive=30
            )
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()

            def end():
                server.should_exit = server.force_exit = True
                thread.join()
                listening.close()

            stack.callback(end)
            return listening.getsockname()

        yield begin


def connect(address):
    found = socket.create_connection(address)
    found.settimeout(10)
    return found


def receive(connection):
    """The whole answer, whose parts may come one by one."""
    found = b""
    while not found.endswith(b"ok") and (part := connection.recv(1000)):
        found += part
    return found


def is_closed(connection, seconds=0.0):
    """Whether the other side has closed a connection, at the latest after so many seconds."""
    connection.settimeout(max(seconds, 0.01))
    try:
        return connection.recv(1000) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


@pytest.mark.parametrize("before", [b"", ASKED])
@pytest.mark.parametrize("part", [b"", b"G", b"GET / HTTP/1.1\r\nHost: stu"])
def test_headers_that_do_not_come_end_the_connection(serve, before, part):
    """The first ones, and those of a later request on the same connection; also if they drip."""
    if before and not part:
        pytest.skip("an idle connection is uvicorn's to close")
    connection = connect(serve())
    if before:
        connection.sendall(before)
        assert receive(connection).endswith(b"ok")
    connection.sendall(part)
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while not is_closed(connection, 0.05):
            assert time.monotonic() - began < 10 * WAIT
            if part:
                connection.sendall(b"x")
    assert time.monotonic() - began > WAIT / 2


def test_a_slow_answer_does_not_end_the_connection(serve):
    connection = connect(serve())
    connection.sendall(ASKED.replace(b"/ ", b"/slow "))
    assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_connections_that_only_wait_make_room(serve):
    address = serve()
    idle = [connect(address) for _ in range(20)]
    last = connect(address)
    last.sendall(ASKED)
    assert receive(last).endswith(b"ok")
    assert sum(is_closed(each) for each in idle) >= 13
    assert is_closed(idle[0], 5)


def test_a_connection_that_is_answered_is_kept(serve):
    address = serve()
    busy = connect(address)
    busy.sendall(ASKED.replace(b"/ ", b"/slow "))
    time.sleep(WAIT / 4)
    idle = [connect(address) for _ in range(20)]
    assert busy.recv(1000).startswith(b"HTTP/1.1 200")
    for each in idle:
        each.close()


def test_wrong_tokens_are_answered_ever_slower(serve, monkeypatch):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 50)
    monkeypatch.setattr(token, "SLOT_SECONDS", 0.2)
    monkeypatch.setattr(token, "MOST_DELAY_SECONDS", 1.0)
    address = serve(Guard(app, ["studio"], "right-and-long-enough"))

    def ask(given):
        connection = connect(address)
        connection.sendall(ASKED.replace(b"\r\n\r\n", f"\r\nAuthorization: Bearer {given}\r\n\r\n".encode()))
        return connection

    began = time.monotonic()
    wrong = [ask(f"wrong-and-long-{i}") for i in range(10)]
    right = ask("right-and-long-enough")
    assert right.recv(1000).startswith(b"HTTP/1.1 200")
    quick = time.monotonic() - began
    times = []
    for each in wrong:
        assert each.recv(1000).startswith(b"HTTP/1.1 401")
        times.append(time.monotonic() - began)
    # Whoever has the token does not wait for those who guess.
    assert quick < times[-1]
    assert times[-1] > 0.9
    # No answer is later than the most.
    assert times[-1] - times[5] < 0.8
