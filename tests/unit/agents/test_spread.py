"""Wider and narrower starts of networks."""

import numpy as np
import pytest

from searchparty.agents.agent import Lease, Region
from searchparty.agents.l_bfgs import LBFGS
from searchparty.agents.toolbox.spread import widen_start
from searchparty.landscapes.landscape import Space
from searchparty.landscapes.networks.initial import Drawing, InitialWeights

BLOCKS = (("normal", 300, 0.1), ("constant", 5, 0.0), ("constant", 5, 1.0), ("uniform", 300, 0.2))
RULE = InitialWeights(tuple(Drawing(size, form, scale) for form, size, scale in BLOCKS), -3.0, 3.0)


def draw(rule, seed=0):
    return -3.0 + 6.0 * rule.draw(np.random.default_rng(seed))


def test_random_weights_are_wider_and_constant_ones_stay():
    narrow, wide = draw(RULE), draw(widen_start(RULE, 2.5))
    np.testing.assert_allclose(wide[:300], 2.5 * narrow[:300], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(wide[310:], 2.5 * narrow[310:], rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(wide[300:310], narrow[300:310])


def test_a_spread_of_one_is_the_rule_itself():
    assert widen_start(RULE, 1.0) is RULE
    assert widen_start(None, 3.0) is None


def test_it_is_absent_from_settings_at_its_default():
    assert "spread" not in LBFGS().model_dump()
    assert LBFGS(spread=2).model_dump()["spread"] == 2.0
    assert "spread" not in LBFGS().model_dump_json()


@pytest.mark.parametrize("spread", [0.5, 1.0, 4.0])
def test_a_search_starts_as_wide_as_it_is_told(spread):
    space = Space(np.full(610, -3.0), np.full(610, 3.0), has_gradient=True, init=RULE)
    lease = Lease(0, "l-bfgs", 10, Region.whole(610), "a start", fresh=True)
    search = LBFGS(spread=spread).search(space, lease, np.random.default_rng(0))
    first = next(search)
    points = first if isinstance(first, np.ndarray) else first.points
    assert (-3.0 + 6.0 * points[0])[:300].std() == pytest.approx(0.1 * spread, rel=0.15)


@pytest.mark.parametrize("spread", [0, -1, 101, float("nan"), "2"])
def test_what_is_no_spread_is_refused(spread):
    with pytest.raises(ValueError, match="spread"):
        LBFGS(spread=spread)
