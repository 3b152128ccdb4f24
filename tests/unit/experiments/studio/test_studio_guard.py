"""Who may request what of the studio: hosts, origins, methods, tokens, bodies, and headers of every answer."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from searchparty.experiments.studio.access import guard as guards
from searchparty.experiments.studio.access import token as tokens
from searchparty.experiments.studio.access.guard import POLICY_VIOLATION, SECURITY_HEADERS, Guard
from searchparty.experiments.studio.access.hosts import StudioError, allowed_hosts, check_binding


def awaited(coroutine):
    """Return the result of a coroutine, run in a separate thread: a driven browser keeps this thread's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


PORT = 8377
HOME = f"http://127.0.0.1:{PORT}"
TOKEN = "a-token-that-is-long;enough=1"
JSON = {"content-type": "application/json"}
OWN = JSON | {"origin": HOME}
OPENED = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.fixture(autouse=True)
def no_delay(monkeypatch):
    """Answer wrong tokens at once: test_studio_connections.py tests the delay."""
    monkeypatch.setattr(tokens, "MOST_DELAY_SECONDS", 0.0)


async def echo(scope, receive, send):
    """An app that answers with the request that it received."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if scope["path"] == "/breaks":
        raise ValueError("a mistake in the app")
    own = [(b"content-type", b"text/plain"), (b"Cache-Control", b"public"), (b"content-security-policy", b"*")]
    await send({"type": "http.response.start", "status": 200, "headers": own})
    await send({"type": "http.response.body", "body": scope["query_string"] + b"|" + body})


def client(token=None, home=HOME, hosts=None, app=echo):
    guarded = Guard(app, allowed_hosts("127.0.0.1", PORT) if hosts is None else hosts, token)
    return TestClient(guarded, base_url=home, follow_redirects=False)


def raw(guard, headers=(), method="GET", path="/", query=b"", messages=()):
    """Return (status, headers, body) of a request with exactly these headers, as no client would send them."""
    sent = []
    waiting = list(messages or [{"type": "http.request", "body": b"", "more_body": False}])

    async def receive():
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query, "scheme": "http"}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in headers]
    awaited(guard(scope, receive, send))
    if not sent:
        return None, {}, b"", scope
    known = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], known, b"".join(each.get("body", b"") for each in sent[1:]), scope


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", f"LOCALHOST:{PORT}", f"[::1]:{PORT}"])
def test_its_own_names_are_served(host):
    assert client().get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:80", f"127.0.0.1.nip.io:{PORT}",
     f"localhost.:{PORT}", "", f"user@127.0.0.1:{PORT}", f"127.0.0.1:{PORT}.evil.example"],
)  # fmt: skip
def test_another_name_may_be_a_rebound_one(host):
    answer = client().get("/", headers={"host": host})
    assert answer.status_code == 421
    assert HOME in answer.text
    assert "--allow-host" in answer.text


@pytest.mark.parametrize("hosts", [[], ["127.0.0.1:8377", "127.0.0.1:8377"], ["127.0.0.1:8377", "evil.example"]])
def test_a_host_that_is_missing_or_repeated_is_refused(hosts):
    status, headers, body, _ = raw(Guard(echo, allowed_hosts("127.0.0.1", PORT)), [("host", host) for host in hosts])
    assert status == 400
    assert body.startswith(b"Host must be given once")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", f"https://127.0.0.1:{PORT}", f"http://localhost:{PORT}", "http://127.0.0.1:3000",
     "http://127.0.0.1", f"{HOME}.evil.example", f"{HOME}/"],
)  # fmt: skip
def test_another_origin_is_refused(method, origin):
    answer = client().request(method, "/api/plays", headers=JSON | {"origin": origin})
    assert answer.status_code == 403
    assert HOME in answer.text


def test_an_origin_that_is_repeated_is_refused():
    headers = [("host", f"127.0.0.1:{PORT}"), ("origin", HOME), ("origin", "http://evil.example")]
    assert raw(Guard(echo, allowed_hosts("127.0.0.1", PORT)), headers)[0] == 400


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_changes_something_must_come_from_the_page(method):
    ask = client().request
    assert ask(method, "/api/plays", headers=OWN).status_code == 200
    assert ask(method, "/api/plays", headers=JSON | {"sec-fetch-site": "same-origin"}).status_code == 200
    assert ask(method, "/api/plays", headers=JSON).status_code == 403
    assert ask(method, "/api/plays", headers=JSON | {"sec-fetch-site": "none"}).status_code == 403


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"]
)
def test_what_changes_something_must_be_json(kind):
    headers = {"origin": HOME} | ({} if kind is None else {"content-type": kind})
    answer = client().post("/api/plays", headers=headers, content=b"{}")
    assert answer.status_code == 403
    assert "Content-Type must be application/json" in answer.text
    charset = {"origin": HOME, "content-type": "Application/JSON; charset=utf-8"}
    assert client().post("/api/plays", headers=charset, content=b"{}").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_open_the_studio_and_nothing_more(site):
    ask = client().request
    led = OPENED | {"sec-fetch-site": site}
    assert ask("GET", "/", headers=led).status_code == 200
    assert ask("GET", "/api/runs", headers=led).status_code == 403
    assert ask("GET", "/", headers={"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}).status_code == 403
    assert ask("GET", "/", headers=led | {"sec-fetch-dest": "iframe"}).status_code == 403
    assert ask("POST", "/", headers=OWN | led).status_code == 403
    assert ask("GET", "/api/runs", headers={"sec-fetch-site": "same-origin"}).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT", "BREW"])
def test_other_methods_are_refused(method):
    answer = client().request(method, "/", headers=OWN)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST, DELETE"
    assert "access-control-allow-origin" not in answer.headers


def test_websockets_are_refused():
    with (
        pytest.raises(WebSocketDisconnect, match="^$") as refused,
        client().websocket_connect("/", headers={"origin": HOME}),
    ):
        pytest.fail("it was accepted")
    assert refused.value.code == POLICY_VIOLATION


def test_lifespan_passes():
    heard = []

    async def app(scope, receive, send):
        heard.append(scope["type"])

    awaited(Guard(app, [], TOKEN)({"type": "lifespan"}, None, None))
    assert heard == ["lifespan"]


@pytest.mark.parametrize("path", ["/", "/api/runs", "/no/such/page", "/page/app.js"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_every_request_needs_the_token(path, method):
    ask = client(TOKEN).request
    assert ask(method, path, headers=OWN).status_code == 401
    assert ask(method, path, headers=OWN | {"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert ask(method, path, headers=OWN | {"authorization": f"bearer {TOKEN}"}).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ", "Bearer \xe9", f"Basic {TOKEN}", TOKEN):
        headers = OWN | {"authorization": wrong.encode("latin-1")}
        assert ask(method, path, headers=headers).status_code == 401


def test_the_address_with_the_token_sets_a_cookie_and_leads_on():
    browser = client(TOKEN)
    answer = browser.get("/", params={"run": "a b", "token": TOKEN, "side": "2"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?run=a+b&side=2"
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"searchparty-{PORT}=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert TOKEN not in cookie
    assert answer.headers["cache-control"] == "no-store"
    # The client still has the cookie.
    assert browser.get("/").text == "|"
    assert browser.post("/api/plays", headers=OWN).status_code == 200
    assert browser.get("/", params={"token": TOKEN}).headers["location"] == "/"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + " ", "\ud800".encode("utf-8", "surrogatepass")])
def test_a_wrong_token_in_the_address_is_refused(token):
    answer = client(TOKEN).get("/", params={"token": token})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert "printed in its terminal" in answer.text


def test_the_token_counts_in_the_address_of_the_page_only():
    assert client(TOKEN).get("/api/runs", params={"token": TOKEN}).status_code == 401
    assert client(TOKEN).post("/", params={"token": TOKEN}, headers=OWN).status_code == 401


def test_a_cookie_of_another_port_or_an_old_one_does_not_count():
    other = Guard(echo, allowed_hosts("127.0.0.1", 9000), TOKEN)
    cookie = TestClient(other, base_url="http://127.0.0.1:9000", follow_redirects=False).get(
        "/", params={"token": TOKEN}
    ).headers["set-cookie"].partition(";")[0]  # fmt: skip
    assert client(TOKEN).get("/", headers={"cookie": cookie}).status_code == 401
    renamed = cookie.replace("9000", str(PORT))
    assert client(TOKEN).get("/", headers={"cookie": renamed}).status_code == 200
    assert client(TOKEN).get("/", headers={"cookie": f"searchparty-{PORT}=x; {renamed}; theme=dark"}).status_code == 200
    answer = client(TOKEN + "2").get("/", headers={"cookie": renamed})
    assert answer.status_code == 401
    assert "an old one" in answer.text
    assert client(TOKEN).get("/", headers={"cookie": f"searchparty-{PORT}={TOKEN}"}).status_code == 401


def test_a_link_from_elsewhere_goes_by_a_page_as_strict_cookies_ask_for():
    led = OPENED | {"sec-fetch-site": "cross-site"}
    answer = client(TOKEN).get("/", params={"token": TOKEN, "a": '"><b>&c'}, headers=led)
    assert answer.status_code == 200
    assert "set-cookie" in answer.headers
    assert 'content="0;url=/?a=%22%3E%3Cb%3E%26c"' in answer.text
    assert TOKEN not in answer.text


def test_words_of_401_are_plain_where_a_program_asks():
    assert client(TOKEN).get("/").headers["content-type"] == "text/html; charset=utf-8"
    answer = client(TOKEN).get("/api/runs")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "Authorization: Bearer" in answer.text
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/", "/api/runs"])
@pytest.mark.parametrize("token", [TOKEN, None])
@pytest.mark.parametrize("query", [b"token=secret-secret-secret&a=1", b"a=1&%74oken=secret-secret-secret", b"a=1"])
def test_the_token_is_taken_out_before_anybody_can_log_it(path, token, query, caplog):
    caplog.set_level(logging.DEBUG)
    guard = Guard(echo, allowed_hosts("127.0.0.1", PORT), token)
    *_, scope = raw(guard, [("host", f"127.0.0.1:{PORT}")], path=path, query=query)
    # The server's access log reads the scope when the answer begins.
    assert scope["query_string"] == b"a=1"
    assert "secret" not in caplog.text


def test_other_queries_stay_as_they_are():
    assert client().get("/?run=a%20b&flag").text == "run=a%20b&flag|"


def every_answer():
    """Return an answer of each kind."""
    ask, locked = client().request, client(TOKEN).request
    yield ask("GET", "/")
    yield ask("GET", "/", headers={"host": "evil.example"})
    yield ask("GET", "/", headers={"origin": "null"})
    yield ask("PUT", "/")
    yield ask("POST", "/", headers=OWN, content=b"x" * 70_000)
    yield ask("GET", "/breaks")
    yield locked("GET", "/")
    yield locked("GET", "/api/runs")
    yield locked("GET", "/", params={"token": TOKEN})


def test_every_answer_has_the_security_headers_once():
    answers = list(every_answer())
    assert [answer.status_code for answer in answers] == [200, 421, 403, 405, 413, 500, 401, 401, 303]
    for answer in answers:
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers.get_list(name) == [value]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "'unsafe-inline'" not in answer.headers["content-security-policy"]


def test_an_app_that_raises_is_answered_for_in_words(caplog):
    answer = client().get("/breaks")
    assert answer.status_code == 500
    assert "a mistake" not in answer.text
    assert "reload" in answer.text
    assert "a mistake in the app" in caplog.text


def test_an_app_that_raises_in_the_middle_breaks_off():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        client(app=app).get("/")


def test_bodies_are_handed_on_whole_up_to_the_limit():
    whole = b"x" * guards.MOST_BODY_BYTES
    assert client().post("/", headers=OWN, content=whole).text.endswith(whole.decode())
    pieces = (b"y" * 1024 for _ in range(64))
    assert client().post("/", headers=OWN, content=pieces).text == "|" + "y" * guards.MOST_BODY_BYTES


def test_bodies_that_say_they_are_large_are_not_read():
    for length in (str(guards.MOST_BODY_BYTES + 1), "-1", "1e3", "9" * 5000, "\u0663".encode().decode("latin-1")):
        headers = [("host", f"127.0.0.1:{PORT}"), *OWN.items(), ("content-length", length)]
        unread = [{"type": "http.request", "body": b"", "more_body": False}]
        status, answered, _, _ = raw(Guard(echo, allowed_hosts("127.0.0.1", PORT)), headers, "POST", messages=unread)
        assert status == 413
        assert answered["connection"] == "close"


def test_chunked_bodies_are_cut_off_at_the_limit():
    headers = [("host", f"127.0.0.1:{PORT}"), *OWN.items(), ("transfer-encoding", "chunked")]
    pieces = [{"type": "http.request", "body": b"x" * 60_000, "more_body": True} for _ in range(3)]
    status, _, body, _ = raw(Guard(echo, allowed_hosts("127.0.0.1", PORT)), headers, "POST", messages=pieces)
    assert status == 413
    assert b"65,536" in body
    assert raw(Guard(echo, allowed_hosts("127.0.0.1", PORT)), headers, "GET", messages=pieces)[0] == 413


def test_slow_bodies_time_out(monkeypatch):
    monkeypatch.setattr(guards, "BODY_SECONDS", 0.05)
    headers = [("host", f"127.0.0.1:{PORT}"), *OWN.items()]
    slow = [{"type": "http.request", "body": b"{", "more_body": True}]
    status, answered, _, _ = raw(Guard(echo, allowed_hosts("127.0.0.1", PORT)), headers, "POST", messages=slow)
    assert status == 408
    assert answered["connection"] == "close"


def test_whoever_goes_away_is_not_answered():
    headers = [("host", f"127.0.0.1:{PORT}"), *OWN.items()]
    gone = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    assert raw(Guard(echo, allowed_hosts("127.0.0.1", PORT)), headers, "POST", messages=gone)[0] is None


def test_a_page_behind_tls_has_a_secure_cookie():
    browser = client(TOKEN, "https://studio.example", allowed_hosts("127.0.0.1", PORT, ["studio.example"]))
    answer = browser.get("/", params={"token": TOKEN})
    assert answer.headers["set-cookie"].startswith("searchparty-443=")
    assert answer.headers["set-cookie"].endswith("; Secure")
    assert browser.post("/", headers=JSON | {"origin": "https://studio.example"}).status_code == 200
    assert browser.post("/", headers=JSON | {"origin": "http://studio.example"}).status_code == 403


def test_names_by_bind_address(monkeypatch):
    loopback = {"127.0.0.1:1", "localhost:1", "[::1]:1"}
    assert allowed_hosts("127.0.0.1", 1) == allowed_hosts("localhost", 1) == allowed_hosts("::1", 1) == loopback
    assert allowed_hosts("127.0.0.2", 1) == loopback | {"127.0.0.2:1"}
    assert allowed_hosts("192.0.2.7", 1) == {"192.0.2.7:1"}
    assert allowed_hosts("2001:DB8::7", 1) == {"[2001:db8::7]:1"}
    assert {"127.0.0.1:80", "127.0.0.1", "localhost", "[::1]"} <= allowed_hosts("127.0.0.1", 80)
    monkeypatch.setattr("socket.gethostname", lambda: "Box")
    assert loopback | {"box:1"} <= allowed_hosts("0.0.0.0", 1)
    assert loopback | {"box:1"} <= allowed_hosts("::", 1)


def test_names_that_are_added():
    added = allowed_hosts("127.0.0.1", 1, ["Studio.Example", "tunnel:9000", "2001:db8::7", "[::2]:5"])
    assert added - allowed_hosts("127.0.0.1", 1) == {
        "studio.example", "studio.example:1", "tunnel:9000", "[2001:db8::7]", "[2001:db8::7]:1", "[::2]:5",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["", "*", "http://x", "x/y", "x y", "x:0", "x:99999", "a..b", "-a", "[::1", "x:"])
def test_names_that_are_none(name):
    with pytest.raises(StudioError, match=r"--allow-host must be a name, or name:port, got .*\. Write e\.g\. "):
        allowed_hosts("127.0.0.1", 1, [name])


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.7", "box", "localhost.example"])
def test_only_this_machine_is_served_without_a_token(host):
    with pytest.raises(StudioError, match=r"host must stay on this machine .* got .*\. Add --token auto"):
        check_binding(host, None)
    assert check_binding(host, TOKEN) == TOKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_this_machine_needs_no_token(host):
    assert check_binding(host, None) is None


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "x" * 201, "sixteen chars ok", "sixteen-chars-\u00e9\u00e9"])
def test_tokens_that_can_be_guessed_or_not_be_sent(token):
    with pytest.raises(StudioError, match=r"token must .* got .*\. Use --token auto") as error:
        check_binding("127.0.0.1", token)
    assert not token or token not in str(error.value)


def test_a_token_made_at_random():
    first, second = check_binding("0.0.0.0", "auto"), check_binding("127.0.0.1", "auto")
    assert first != second
    assert check_binding("0.0.0.0", first) == first
