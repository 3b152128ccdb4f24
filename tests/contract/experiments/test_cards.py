"""Every part that the page explains has a card: two plain sentences for readers who do not know optimization."""

import re
from itertools import pairwise

import pytest

import searchparty
from searchparty.agents.agent import SLOPES_ON_CHOICES
from searchparty.experiments.spec import catalogue
from searchparty.experiments.studio.plays.listing import card_text, card_texts, playground_offer
from searchparty.experiments.studio.plays.offer import offered_classes
from searchparty.orchestrator.state.events import Granted

EXPLAINED = ("agent", "policy", "budget", "radius", "sharing")
PARTS = [(family, kind) for family in EXPLAINED for kind in catalogue.family_classes(family)]
SENTENCE = re.compile(r"[^.!?]*[.!?](?:\s+|$)")


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_a_card_is_two_plain_sentences(family, kind):
    text = catalogue.family_classes(family)[kind].card
    sentences = SENTENCE.findall(text)
    assert "".join(sentences) == text, "it ends with a full stop"
    assert len(sentences) == 2
    for sentence in sentences:
        assert sentence[0].isupper()
        assert len(sentence.split()) >= 4
    assert len(text) < 260
    assert text == " ".join(text.split())
    assert "`" not in text
    assert "<" not in text
    assert not re.search(r"\([^)]*\d{4}[^)]*\)", text)


@pytest.mark.parametrize("kind", catalogue.agent_classes())
def test_an_agent_says_what_it_does_on_an_axis_without_order(kind):
    (sentence,) = SENTENCE.findall(catalogue.agent_classes()[kind].on_choices)
    assert "choice" in sentence
    assert "`" not in sentence


@pytest.mark.parametrize(
    "kind", [k for k, cls in catalogue.agent_classes().items() if cls.on_choices == SLOPES_ON_CHOICES]
)
def test_a_search_along_slopes_keeps_the_choice_with_which_it_began(kind):
    if kind in ("adam", "momentum", "sgd"):
        pytest.importorskip("optax", reason="optax is not installed")
    seen = []

    def loss(setting):
        seen.append(setting["k"])
        return (setting["x"] - 0.3) ** 2 + "bdeca".index(setting["k"])

    found = searchparty.minimize(
        loss,
        {"x": {"low": -1, "high": 1}, "k": {"choices": list("abcde")}},
        budget=40,
        seed=1,
        team=[kind],
        policy={"kind": "composed", "lease": 40},
    )
    fresh = [
        lease for event in found.log.events() if isinstance(event, Granted) for lease in event.leases if lease.fresh
    ]
    changes = sum(one != other for one, other in pairwise(seen))
    assert changes < len(fresh)


def test_the_grid_tries_all_values_of_a_choice():
    seen = set()
    searchparty.minimize(
        lambda setting: seen.add(setting["k"]) or setting["x"],
        {"x": {"low": -1, "high": 1}, "k": {"choices": list("abcdefghi")}},
        budget=45,
        seed=1,
        team=["grid"],
        policy="composed",
    )
    assert seen == set("abcdefghi")


def test_no_two_cards_are_the_same():
    texts = [card_text(catalogue.family_classes(family)[kind]) for family, kind in PARTS]
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("kind", catalogue.family_classes("landscape"))
def test_a_landscape_has_a_summary(kind):
    summary = catalogue.class_summary(catalogue.family_classes("landscape")[kind])
    assert summary.endswith(".")
    assert 20 <= len(summary) < 200
    assert "`" not in summary


def test_the_page_is_given_a_card_of_each():
    cards = card_texts()
    plurals = {"agent": "agents", "policy": "policies", "budget": "budgets", "radius": "radii", "sharing": "sharings"}
    for family, plural in plurals.items():
        assert cards[plural] == {kind: cls.card for kind, cls in catalogue.family_classes(family).items()}
    found = playground_offer()
    for plural in ("policies", "budgets", "radii", "sharings"):
        assert set(found[plural]) <= set(cards[plural])
    assert [each["kind"] for each in found["agents"]] == list(offered_classes("agent"))
    assert {each["kind"]: bool(each["summary"]) for each in found["landscapes"]} == dict.fromkeys(
        offered_classes("landscape"), True
    )
