"""How well a score tells groups apart: against values that are known."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from anonbench.attacks.separation import separation, share


def test_the_areas_are_those_of_scikit_learn_with_ties_counted_half() -> None:
    rng = np.random.default_rng(0)
    groups = [rng.integers(0, 6, 50) + shift for shift in (2, 0, 1, 1)]
    found = separation(*groups, 20, rng, paired=False).figures
    for name, positives, negatives in (("", *groups[:2]), ("control_", *groups[2:])):
        truth = np.repeat([1, 0], 50)
        assert found[f"{name}auc"] == pytest.approx(roc_auc_score(truth, np.concatenate([positives, negatives])))
    assert found["excess"] == pytest.approx(found["auc"] - found["control_auc"])


@pytest.mark.parametrize(
    ("count", "above", "expected"),
    [
        (100, [98.5, 98.5, 97.5, 99.5], 0.75),  # one of a hundred may be higher
        (99, [97.5, 98.5, 97.5, 99.5], 0.5),  # of fewer, none
        (250, [247.5, 246.5, 0, 249.5], 0.5),  # of 250, two
    ],
)
def test_the_rate_at_one_false_alarm_in_a_hundred(count: int, above: list[float], expected: float) -> None:
    negatives = np.random.default_rng(0).permutation(count).astype(float)
    found = separation(
        np.array(above), negatives, negatives[:4], negatives, 1, np.random.default_rng(0), paired=False
    ).figures
    assert found["tpr_1e-2"] == expected


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    truth = 0.7602  # of normal scores one standard deviation apart: the normal distribution at 1 / sqrt(2)
    hits = 0
    for _ in range(100):
        positives, negatives = rng.normal(1, 1, 60), rng.normal(0, 1, 60)
        found = separation(positives, negatives, positives, negatives, 100, rng, paired=False).figures
        hits += found["auc_low"] <= truth <= found["auc_high"]
    assert 88 <= hits <= 99


def test_pairs_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    places = rng.normal(0, 10, 40)
    scores = places + 1e-3, places, places, places  # each positive just above its own negative
    paired = separation(*scores, 300, rng, paired=True).figures
    apart = separation(*scores, 300, rng, paired=False).figures
    assert paired["auc"] == apart["auc"] == pytest.approx(0.5125)
    assert paired["auc_high"] - paired["auc_low"] < 0.03 < 0.1 < apart["auc_high"] - apart["auc_low"]


def test_a_share_exceeds_that_of_others() -> None:
    rng = np.random.default_rng(0)
    own, control, others = np.arange(100) < 60, np.arange(100) < 5, np.arange(50) < 10
    found = share(own, control, others, 500, rng).figures
    assert (found["share"], found["control"], found["others"]) == (0.6, 0.05, 0.2)
    assert found["excess"] == pytest.approx(0.4)
    assert found["share_low"] == pytest.approx(0.5, abs=0.04) and found["share_high"] == pytest.approx(0.7, abs=0.04)
    assert 0.2 < found["excess_low"] < 0.3 and 0.5 < found["excess_high"] < 0.6
