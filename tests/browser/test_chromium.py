"""The browser tests are skipped, with a hint what to install, if there is no browser, unless they are required."""

import chromium
import pytest


@pytest.mark.parametrize(("required", "outcome"), [("", pytest.skip.Exception), ("required", pytest.fail.Exception)])
@pytest.mark.parametrize(
    ("missing", "words"), [("browser", "one of chromium,"), ("playwright", "the package playwright")]
)
def test_what_is_missing_is_said(monkeypatch, tmp_path, required, outcome, missing, words):
    monkeypatch.setenv(chromium.REQUIRED, required)
    monkeypatch.setattr(chromium, "find_spec", lambda _: None if missing == "playwright" else object())
    monkeypatch.setenv("PATH", str(tmp_path))
    if missing == "playwright":
        (tmp_path / "chromium").touch(0o755)
    with pytest.raises(outcome, match=f"need {words}"):
        chromium.program()


def test_any_of_the_names_will_do(monkeypatch, tmp_path):
    (tmp_path / "google-chrome").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "find_spec", lambda _: object())
    assert chromium.program() == str(tmp_path / "google-chrome")
