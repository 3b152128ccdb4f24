"""What the studio answers: every address and status, behind the guard, as its own page would request it."""

import asyncio
import json
import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from urllib.parse import quote, unquote

import pytest
from starlette.testclient import TestClient

from searchparty import Experiment
from searchparty.experiments.api import run
from searchparty.experiments.studio.access.guard import SECURITY_HEADERS, Guard
from searchparty.experiments.studio.access.hosts import allowed_hosts
from searchparty.experiments.studio.app import Studio, create_app
from searchparty.experiments.studio.films.message import decode_film
from searchparty.experiments.studio.films.shelf import ResultsIndex
from searchparty.experiments.studio.plays.limits import LIMITS
from searchparty.experiments.studio.plays.queue import MOST_SIDES
from searchparty.experiments.studio.plays.warm_processes import PlayPool
from searchparty.orchestrator.log.reader import LogReader
from searchparty.orchestrator.log.trace import trace_hash


def awaited(coroutine):
    """Return the result of a coroutine, run in a separate thread: a driven browser keeps this thread's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


HOME = "http://127.0.0.1:8377"
SCRIPT = "<script>alert('here')</script>"
JSON = "application/json"


def experiment(**more):
    return Experiment.from_data({
        "name": "it", "budget": 60, "landscapes": [{"kind": "rastrigin", "dimension": 2}],
        "strategies": {"party": {"agents": ["grid", "random"]}}, "executor": "simulated", **more,
    })  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder of results, valid and invalid."""
    folder = tmp_path_factory.mktemp("app") / "results"
    run(experiment(), out=folder / "sound-1", report=False)
    named = {SCRIPT: {"agents": [{"kind": "random", "name": "</script><b>"}]}}
    run(experiment(name="it", strategies=named), out=folder / "<b>named & odd", report=False)
    for name, content in (("garbage", b"no log at all" * 200), ("empty", b"")):
        (folder / name).mkdir()
        (folder / name / "log.sqlite").write_bytes(content)
    (folder / "none").mkdir()
    (folder.parent / "outside").mkdir()
    shutil.copytree(folder / "sound-1", folder.parent / "outside" / "sound-1")
    return folder


@pytest.fixture(scope="module")
def waiting(folder):
    """Return a directory whose run was started a moment ago."""
    path = folder.parent / "begun-1"
    path.mkdir()
    return path


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return PlayPool(workers=1, seconds=5.0, parent=tmp_path_factory.mktemp("pool"))


@pytest.fixture(scope="module")
def client(folder, waiting, pool):
    studio = Studio(ResultsIndex((folder.parent / "outside" / "sound-1", waiting), folder), pool, "watch")
    guarded = Guard(create_app(studio), allowed_hosts("127.0.0.1", 8377))
    with TestClient(guarded, base_url=HOME, headers={"origin": HOME}, raise_server_exceptions=True) as client:
        yield client


def post(client, path, data, **headers):
    content = data if isinstance(data, bytes | str) else json.dumps(data)
    return client.post(path, content=content, headers={"content-type": JSON, **headers})


def errors(answer, status):
    assert (answer.status_code, answer.headers["content-type"]) == (status, JSON)
    found = answer.json()["errors"]
    assert all(isinstance(each, str) and each for each in found)
    assert found
    return " ".join(found)


def listed(client):
    return {each["key"]: each for each in client.get("/api/results").json()["results"]}


def bare(client, path):
    """Return (status, body) of a path as no client would send it: it is not normalized."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": unquote(path), "raw_path": path.encode(), "scheme": "http",
             "query_string": b"", "headers": [(b"host", HOME[7:].encode())], "root_path": ""}  # fmt: skip
    awaited(client.app(scope, receive, send))
    return sent[0]["status"], b"".join(each.get("body", b"") for each in sent[1:])


def film_path(client, key="sound-1"):
    return f"/api/results/{key}/runs/{listed(client)[key]['runs'][0]['run']}/film"


# --- files ---


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"), ("/index.html", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"), ("/main.js", "text/javascript; charset=utf-8"),
        ("/drawing/scene/scene.js", "text/javascript; charset=utf-8"),
        ("/vendor/three.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ],
)  # fmt: skip
def test_the_pages_files(client, path, kind):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert answer.content
    assert client.head(path).status_code == 200


def test_every_file_that_the_page_names_is_there(client):
    seen, wanted = set(), ["/main.js", "/style.css"]
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        if path.endswith(".js") and "/vendor/" not in path:
            folder = path.rpartition("/")[0]
            for name in re.findall(r"""(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", answer.text):
                parts = []
                for part in f"{folder}/{name}".split("/"):
                    parts = parts[:-1] if part == ".." else parts if part == "." else [*parts, part]
                wanted.append("/".join(parts))
    assert "/vendor/three.js" in seen
    assert len(seen) > 30


class Inline(HTMLParser):
    """Records which parts of a page would need a looser content security policy."""

    def __init__(self):
        super().__init__()
        self.found, self.sources, self._within = [], [], ""

    def handle_starttag(self, tag, attributes):
        known = dict(attributes)
        self._within = tag if tag in ("script", "style") else ""
        for name, value in attributes:
            if name == "style" or name.startswith("on") or "javascript:" in (value or ""):
                self.found.append((tag, name))
        self.sources += [known[name] for name in ("src", "href") if name in known]
        if tag in ("style", "base", "iframe", "object", "embed", "form"):
            self.found.append((tag, None))

    def handle_endtag(self, tag):
        self._within = ""

    def handle_data(self, data):
        if self._within and data.strip():
            self.found.append((self._within, data))


def test_the_page_has_no_inline_script_or_style(client):
    page = Inline()
    page.feed(client.get("/").text)
    assert page.found == []
    assert page.sources
    assert all(":" not in source and not source.startswith("//") for source in page.sources)


@pytest.mark.parametrize(
    "path",
    ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fapp.py", "/%2e%2e%2fapp.py", "/drawing/..%2f..%2fapp.py",
     "/....//app.py", "/..%5capp.py", "//etc/passwd", "/%2fetc%2fpasswd", "/vendor/../../app.py", "/app.py",
     "/nothing", "/api", "/api/", "/api/nothing", "/api/results/", "/index.html/..%2f..%2fapp.py", "/%00", "/x" * 5000,
     "/api/plays/..%2f..%2fetc/film", "/api/results/..%2f..%2fpyproject.toml", "/api/results/../../pyproject.toml"],
)  # fmt: skip
def test_nothing_else_is_served(client, path):
    for status, body in (bare(client, path), bare(client, path.replace("%2f", "%252f"))):
        assert status == 404
        assert b"searchparty" not in body


# --- results ---


def test_the_catalogue(client):
    answer = client.get("/api/catalogue")
    assert (answer.status_code, answer.headers["content-type"]) == (200, JSON)
    found = answer.json()
    assert found["opens"] == "watch"
    assert {"landscapes", "agents", "policies", "budgets", "radii", "sharings", "cards", "limits", "questions"} <= set(
        found
    )
    assert {each["kind"] for each in found["landscapes"]}.isdisjoint({"python", "command"})


def test_results_are_listed_by_key(client, folder):
    found = listed(client)
    # The given ones come first; the second one with the same name is numbered.
    assert list(found)[:2] == ["sound-1", "begun-1"]
    assert set(found) == {"sound-1", "begun-1", "sound-1~2", "<b>named & odd", "garbage", "empty"}
    assert found["sound-1"]["runs"][0]["state"] == "done"
    assert found["sound-1"]["error"] is None
    assert "is not a searchparty log" in found["garbage"]["error"]
    assert "is not a searchparty log" in found["empty"]["error"]
    assert found["begun-1"]["waiting"]
    assert not found["garbage"]["waiting"]


def test_text_of_files_comes_within_json_only(client):
    answer = client.get("/api/results")
    assert answer.headers["content-type"] == JSON
    key = "<b>named & odd"
    path = f"/api/results/%3Cb%3Enamed%20%26%20odd/runs/{listed(client)[key]['runs'][0]['run']}/film"
    film = client.get(path)
    assert (film.status_code, film.headers["content-type"]) == (200, "application/octet-stream")
    header, _ = decode_film(film.content)
    assert header["strategy"] == SCRIPT
    assert header["agents"] == [{"name": "</script><b>", "kind": "random"}]
    for path in (f"/api/results/{SCRIPT}/runs/x/film", f"/api/results/sound-1/runs/{SCRIPT[:8]}/film"):
        assert client.get(path).headers["content-type"] in (JSON, "text/plain; charset=utf-8")


def test_a_directory_whose_name_is_no_text(client, folder):
    path = os.fsdecode(os.fsencode(folder) + b"/odd\xff-1")
    shutil.copytree(folder / "sound-1", path)
    try:
        key = "odd\N{REPLACEMENT CHARACTER}-1"
        found = listed(client)[key]
        assert client.get(f"/api/results/{quote(key)}/runs/{found['runs'][0]['run']}/film").status_code == 200
    finally:
        shutil.rmtree(path)


def test_a_film_and_what_is_new_of_it(client):
    path = film_path(client)
    header, arrays = decode_film(client.get(path).content)
    assert len(arrays["loss"]) == 60
    assert header["state"] == "done"
    later, arrays = decode_film(client.get(path, params={"since": header["next"], "plane": "axes:1:0"}).content)
    assert len(arrays["loss"]) == 0
    assert later["plane"]["spec"] == "axes:1:0"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"plane": "worst"}, "plane must be best, pca, or axes:I:J"),
        ({"plane": "axes:0:7"}, "plane must name two different coordinates"),
        ({"plane": "best@x"}, "plane must name a number of points"),
        ({"plane": "best@" + "9" * 4999}, "plane must name a number of points"),
        ({"since": "x"}, "since must be the next of an earlier message"),
        ({"since": "0.0.0." + "9" * 4999}, "since must be the next of an earlier message"),
        ({"since": "0.0.0.9999"}, "of another run"),
    ],
)
def test_films_that_there_are_not(client, query, message):
    assert message in errors(client.get(film_path(client), params=query), 422)


@pytest.mark.parametrize("key", ["none", "nothing", "..", "%2e%2e", "outside", "sound-1~3", "results", ".", "~", "C:"])
def test_results_that_there_are_not(client, key):
    status, body = bare(client, f"/api/results/{key}/runs/x/film")
    assert status == 404
    assert b"There are no results named" in body


def test_a_run_that_there_is_not(client):
    assert "hold no run 'x'" in errors(client.get("/api/results/sound-1/runs/x/film"), 404)


@pytest.mark.parametrize("key", ["garbage", "empty"])
def test_a_log_that_cannot_be_read(client, key):
    assert "is not a searchparty log" in errors(client.get(f"/api/results/{key}/runs/x/film"), 503)


def test_a_run_that_was_started_a_moment_ago(client):
    errors(client.get("/api/results/begun-1/runs/x/film"), 202)


# --- plays ---


def played(client, page="p", side="a", **settings):
    answer = post(client, "/api/plays", {"page": page, "side": side, "settings": settings})
    assert answer.status_code == 200, answer.text
    return answer.json()


def film_of(client, key):
    """Return the film of a play, once the play is done."""
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        answer = client.get(f"/api/plays/{key}/film")
        if answer.status_code == 200:
            header, arrays = decode_film(answer.content)
            if header["state"] == "done":
                return header, arrays
        else:
            errors(answer, 202)
        time.sleep(0.02)
    raise AssertionError(answer.text)


@pytest.mark.parametrize("dimension", [1, 3])
def test_a_play_is_the_run_of_its_yaml(client, pool, tmp_path, program, dimension):
    landscape = {"kind": "rastrigin", "dimension": dimension}
    answer = played(client, budget=90, seed=4, landscape=landscape)
    header, _ = film_of(client, answer["key"])
    assert header["dimension"] == dimension
    assert sum(outcome["charged"] for outcome in header["outcomes"]) == 90
    assert played(client, budget=90, seed=4, landscape=landscape)["key"] == answer["key"]
    (tmp_path / "mine.yaml").write_text(answer["yaml"])
    done = program("run", "mine.yaml", "--out", "mine", "--no-report", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with LogReader(pool.state(answer["key"]).directory) as one, LogReader(tmp_path / "mine") as other:
        assert trace_hash(one) == trace_hash(other)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b"null", b'"text"', b"\xff\xfe", b"[" * 60_000, b'{"page": 3, "side": "a"}',
     b'{"page": "p", "side": null}', b'{"page": "p", "side": "a", "settings": []}', b'{"a": ' * 10_000,
     json.dumps({"page": "p" * 65, "side": "a"}).encode(), b'{"page": "p", "side": "a", "settings": null}',
     b'{"page": "p", "side": "a", "settings": {"budget": ' + b"9" * 5000 + b"}}"],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_request(client, content):
    assert errors(post(client, "/api/plays", content), 422)


@pytest.mark.parametrize(
    "settings",
    [{"budget": 1}, {"budget": float("nan")}, {"radius": float("inf")}, {"seed": -1}, {"nothing": 3},
     {"landscape": {"kind": "python", "function": "os:getcwd"}}, {"landscape": {"kind": "command"}},
     {"landscape": {"kind": SCRIPT}}, {"landscape": {"kind": "\ud800"}}, {"kinds": ["\ud800"]}, {"kinds": []},
     {"policy": "mine.py:Policy"}, {"kinds": ["mine.py:Agent"]}, {"center": [0.5] * 9}, {"center": "\ud800"},
     {"landscape": {"kind": "rastrigin", "dimension": 21}}, {"\ud800": 1}, {"landscape": {"kind": "bbob", "\ud800": 1}},
     {"agent_settings": {"grid": {"points_per_axis": 10**9}}}, {"agent_settings": {"\ud800": {}}}],
    ids=str,
)  # fmt: skip
def test_plays_that_are_not_offered(client, settings):
    content = json.dumps({"page": "p", "side": "a", "settings": settings})
    assert errors(post(client, "/api/plays", content), 422)


def test_a_play_that_there_is_not(client):
    assert "has been removed" in errors(client.get("/api/plays/0123456789abcdef/film"), 404)
    assert client.get("/api/plays/..%2f../film").status_code == 404


def test_a_page_shows_only_so_many(client):
    for side in range(MOST_SIDES):
        played(client, page="many", side=str(side), budget=20, seed=side)
    answer = post(client, "/api/plays", {"page": "many", "side": "more", "settings": {"budget": 20, "seed": 99}})
    assert f"A page can show {MOST_SIDES} runs at a time" in errors(answer, 429)
    assert post(client, "/api/leave", {"page": "many"}).json() == {}


def test_only_so_many_wait(client):
    slow = {"landscape": {"kind": "bbob", "function": 24, "dimension": 20}, "budget": 20_000, "kinds": ["surrogate"]}
    answers = []
    for number in range(LIMITS.waiting + 3):
        asked = {"page": f"q{number}", "side": "a", "settings": {**slow, "seed": number}}
        answers.append(post(client, "/api/plays", asked))
    try:
        assert "runs are waiting already" in errors(answers[-1], 429)
        key = answers[LIMITS.waiting - 1].json()["key"]
        assert "not begun" in errors(client.get(f"/api/plays/{key}/film"), 202)
    finally:
        for number in range(LIMITS.waiting + 3):
            assert post(client, "/api/leave", {"page": f"q{number}"}).status_code == 200
    assert "has been removed" in errors(client.get(f"/api/plays/{key}/film"), 404)


def test_a_play_that_failed_says_why(client, pool, monkeypatch):
    monkeypatch.setattr(pool, "_seconds", 0.2)
    slow = {"landscape": {"kind": "bbob", "function": 24, "dimension": 20}, "budget": 20_000, "kinds": ["surrogate"]}
    key = played(client, page="failing", seed=1234, **slow)["key"]
    deadline = time.monotonic() + 90
    while (answer := client.get(f"/api/plays/{key}/film")).status_code != 422 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "budget must be worked within 0.2 s" in errors(answer, 422)
    post(client, "/api/leave", {"page": "failing"})


@pytest.mark.parametrize("content", [b"", b"[]", b'{"page": 1}', b"[" * 60_000])
def test_leaving_needs_a_page(client, content):
    assert errors(post(client, "/api/leave", content), 422)


# --- every answer ---


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 200), ("GET", "/main.js", 200), ("GET", "/api/catalogue", 200), ("GET", "/api/results", 200),
        ("GET", "/nothing", 404), ("GET", "/api/results/x/runs/x/film", 404), ("GET", "/api/plays/x/film", 404),
        ("POST", "/api/plays", 422), ("GET", "/api/plays", 404), ("POST", "/api/results", 405), ("POST", "/", 405),
        ("DELETE", "/api/plays", 405), ("PUT", "/", 405), ("OPTIONS", "/", 405), ("GET", "/api/leave", 404),
    ],
)  # fmt: skip
def test_security_headers_on_every_response(client, method, path, status):
    headers = {"content-type": JSON} if method in ("POST", "DELETE") else {}
    answer = client.request(method, path, headers=headers, content=b"?" if headers else None)
    assert answer.status_code == status
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get_list(name) == [value]
    policy = dict(part.split(" ", 1) for part in SECURITY_HEADERS["content-security-policy"].split("; "))
    assert (policy["script-src"], policy["style-src"], policy["default-src"]) == ("'self'", "'self'", "'none'")


def test_a_mistake_of_ours_is_told_in_words(client, monkeypatch, caplog):
    monkeypatch.setattr(ResultsIndex, "directories", lambda _: 1 / 0)
    answer = client.get("/api/results")
    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert answer.headers["content-security-policy"]
