"""Intervals of risks: their values, and how often they cover the truth."""

import numpy as np
import pytest

from anonbench.report.risk.intervals import excess, proportion
from anonbench.report.risk.outcomes import Outcomes


def outcomes(values, identities=None, strata=None):
    values = np.asarray(values, float)
    who = np.arange(len(values)) if identities is None else np.asarray(identities)
    parts = np.zeros(len(values), int) if strata is None else np.asarray(strata)
    return Outcomes("all", 100, "rank1", who, values, parts, 0.01)


def test_wilsons_interval_of_independent_probes():
    found = proportion(outcomes([1] * 10 + [0] * 90), 0.95)
    assert found.value == 0.1
    assert (found.low, found.high) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_probes_of_one_person_count_once():
    once = proportion(outcomes([1] * 10 + [0] * 40), 0.95)
    thrice = proportion(outcomes([1] * 30 + [0] * 120, np.repeat(np.arange(50), 3)), 0.95)
    assert (thrice.value, thrice.low, thrice.high) == pytest.approx((once.value, once.low, once.high))


def test_nobody_linked_is_no_proof_that_nobody_can_be():
    nobody = outcomes(np.zeros(100))
    found = excess(nobody, nobody, 0.95, 200, 0)
    assert found.value == 0 and found.high == pytest.approx(0.037, abs=0.001)  # Wilson's bound of 0 in 100


def test_the_risk_is_what_the_control_leaves_to_learn():
    attack, control = outcomes([1] * 60 + [0] * 40), outcomes([1] * 20 + [0] * 80)
    found = excess(attack, control, 0.95, 500, 0)
    assert found.value == pytest.approx(0.5)
    assert found.low < 0.4 and 0.57 < found.high < 0.7


def test_where_outlines_give_everything_away_nothing_is_left_to_lose():
    everybody = outcomes(np.ones(20))
    assert excess(everybody, everybody, 0.95, 100, 0).value == 0


def test_an_attack_and_its_control_have_the_same_probes():
    with pytest.raises(ValueError, match="different probes"):
        excess(outcomes([1, 0]), outcomes([1, 0], [3, 4]), 0.95, 10, 0)


def test_the_value_of_an_attribute_is_the_mean_over_its_classes():
    found = proportion(outcomes([1, 1, 1, 0], strata=[0, 0, 0, 1]), 0.95)
    assert found.value == 0.5


@pytest.mark.parametrize(("attack", "control"), [(0.3, 0.02), (0.03, 0.02), (0.0, 0.0)])
def test_the_interval_covers_the_truth(attack, control):
    rng = np.random.default_rng(1)
    people, each, studies, covered = 80, 3, 150, 0
    truth = (attack - control) / (1 - control)
    who = np.arange(people).repeat(each)
    for study in range(studies):
        # Some people are linked more easily than others: probes of one person are alike.
        easy = [np.clip(rng.beta(1, 1 / p - 1, people) if p else np.zeros(people), 0, 1) for p in (attack, control)]
        drawn = [outcomes(rng.random(people * each) < one[who], who) for one in easy]
        found = excess(*drawn, 0.95, 200, study)
        covered += found.low <= truth <= found.high
    assert covered / studies >= 0.93
