"""Terms are explained in one place, and every place that explains them says the same."""

import re
from pathlib import Path

from searchparty.experiments.glossary import SETTINGS, TERMS
from searchparty.experiments.studio.plays.listing import playground_offer
from searchparty.experiments.studio.plays.play import PlaySettings

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "experiments" / "studio" / "page"


def test_the_documentation_says_the_same():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## Terms\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", section, re.MULTILINE)
    plain = {term: re.sub(r"[*`]", "", meaning) for term, meaning in rows}
    del plain["term"]
    assert plain == dict(TERMS)


def test_the_page_gets_them_and_has_none_of_its_own():
    offer = playground_offer()
    assert offer["terms"] == dict(TERMS)
    assert offer["settings"] == dict(SETTINGS)
    for path in (PAGE / "playground").glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r'help: "', text), f"{path.name} explains a setting itself"
        for name in re.findall(r"(?:settings|helps)\.(\w+)", "".join(re.findall(r"help: [^,}]+", text))):
            assert name in SETTINGS


def test_settings_are_those_of_the_playground():
    assert set(SETTINGS) <= set(PlaySettings.model_fields)


def test_meanings_are_short_and_without_markup():
    for meaning in (*TERMS.values(), *SETTINGS.values()):
        assert 10 < len(meaning) < 250
        assert not re.search(r"[*`<>|]", meaning)
