"""Verdicts, their correction, and the seeds they need."""

import numpy as np
import pytest
from scipy import stats

from anonbench.report.inference.power import seeds_for
from anonbench.report.inference.verdict import holm, verdicts


def test_holm():
    found = holm(np.array([0.01, np.nan, 0.04, 0.03, 0.005]))
    assert found == pytest.approx([0.03, np.nan, 0.06, 0.06, 0.02], nan_ok=True)
    assert np.isnan(holm(np.array([np.nan]))).all()


@pytest.mark.parametrize(
    ("drop", "different", "equivalent", "bound", "verdict"),
    [
        (0.1, 0.001, 0.9, False, "costs"),
        (-0.1, 0.001, 0.9, False, "gains"),
        (0.004, 0.6, 0.01, False, "equivalent"),
        (0.004, 0.04, 0.01, False, "equivalent"),
        (0.004, 0.6, 0.3, False, "undetermined"),
        (0.1, 0.05, 0.9, False, "costs"),
        (0.1, 0.051, 0.9, False, "undetermined"),
        (0.1, 0.001, 0.9, True, ""),
        (0.1, np.nan, np.nan, False, ""),
    ],
)
def test_verdict(drop, different, equivalent, bound, verdict):
    arrays = (np.array([value]) for value in (drop, different, equivalent, bound))
    assert verdicts(*arrays, 0.95) == [verdict]


def test_seeds_for_a_margin():
    seeds = seeds_for(0.02, seed_sd=0.01, images_error=0.003, confidence=0.95, power=0.8)
    rng = np.random.default_rng(0)

    def shown(count):
        first, second = 0.01 * rng.normal(size=(2, 20_000, count))
        drop = (first - second).mean(axis=1) + 0.003 * rng.normal(size=20_000)
        error = np.sqrt((first.var(axis=1, ddof=1) + second.var(axis=1, ddof=1)) / count + 0.003**2)
        return np.mean(stats.t.sf((0.02 - abs(drop)) / error, 2 * (count - 1)) <= 0.05)

    assert seeds == 7 and shown(seeds) > 0.79 and shown(seeds - 1) < 0.8


def test_no_number_of_seeds_replaces_images():
    assert seeds_for(0.01, seed_sd=0.01, images_error=0.004, confidence=0.95, power=0.8) is None
    assert seeds_for(0.01, seed_sd=0.0, images_error=0.0, confidence=0.95, power=0.8) == 2
