"""Intervals and tests of drops, against scipy's, statsmodels' and simulated studies."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_ind

from anonbench.report.inference.estimate import estimate, estimate_paired
from anonbench.report.inference.sample import Sample
from anonbench.report.inference.seeds import draw_spread, seed_spread
from tests.helpers.studies import Truth, certain, draw

FIRST, SECOND = [0.55, 0.57, 0.53, 0.56], [0.54, 0.52, 0.55]


def of(baseline, variant, images=200):
    return estimate(baseline, variant, images, seed_spread(baseline, [variant]))


def test_without_images_it_is_the_pooled_t_test():
    found = of(certain(FIRST), certain(SECOND))
    reference = stats.ttest_ind(FIRST, SECOND)
    assert found.p_different() == pytest.approx([reference.pvalue])
    assert np.ravel(found.interval(0.95)) == pytest.approx(list(reference.confidence_interval(0.95)))
    assert found.drop == pytest.approx([np.mean(FIRST) - np.mean(SECOND)]) and found.df == pytest.approx([5])
    assert not found.lower_bound and found.images_error == pytest.approx([0])


@pytest.mark.parametrize("margin", [0.01, 0.05, 0.1])
def test_equivalence_is_the_pair_of_one_sided_tests(margin):
    found = of(certain(FIRST), certain(SECOND))
    assert found.p_equivalent(margin) == pytest.approx([ttost_ind(FIRST, SECOND, -margin, margin)[0]])


def test_images_and_seeds_add_up():
    rng = np.random.default_rng(0)
    image = rng.normal(0, 0.03, (1, 2000, 1))
    first = Sample(certain(FIRST).points, certain(FIRST).points[:, None] + image, np.zeros(4, int))
    second = Sample(certain(SECOND).points, certain(SECOND).points[:, None] - 0 * image, np.zeros(3, int))
    found = of(first, second, images=50)
    images, seeds = np.var(image, ddof=1), of(certain(FIRST), certain(SECOND)).standard_error ** 2
    assert found.standard_error**2 == pytest.approx(images + seeds)
    assert found.df == pytest.approx((images + seeds) ** 2 / (images**2 / 49 + seeds**2 / 5))
    assert found.images_error == pytest.approx([np.sqrt(images)])


def test_one_seed_gives_a_lower_bound():
    assert of(certain([0.5]), certain([0.4, 0.5])).lower_bound
    assert of(certain([0.5, 0.6]), certain([0.4])).lower_bound


def test_draws_of_a_generator_widen_the_interval():
    values = np.array([0.40, 0.42, 0.30, 0.34])[:, None]
    variant = Sample(values, np.repeat(values[:, None], 20, axis=1), np.array([0, 0, 1, 1]))
    baseline = certain(FIRST)
    seeds = seed_spread(baseline, [variant])
    draws = draw_spread([variant], seeds)
    with_draws, without = (estimate(baseline, variant, 100, seeds, spread) for spread in (draws, None))
    added = with_draws.standard_error**2 - without.standard_error**2
    assert added == pytest.approx(draws.variance / 2) and with_draws.df < 1.5 < without.df


def test_the_same_models_on_other_images_are_compared_in_pairs():
    first, second = [0.5, 0.6, 0.7], [0.38, 0.5, 0.59]
    found = estimate_paired(certain(first), certain(second), 100)
    reference = stats.ttest_rel(first, second)
    assert found.p_different() == pytest.approx([reference.pvalue]) and found.drop == pytest.approx([0.11])
    assert found.df == pytest.approx([2]) and not found.lower_bound
    assert estimate_paired(certain([0.5]), certain([0.4]), 100).lower_bound
    rng = np.random.default_rng(0)
    image = rng.normal(0, 0.03, (1, 2000, 1))
    moved = Sample(certain(second).points, certain(second).points[:, None] + image, np.zeros(3, int))
    both = estimate_paired(certain(first, 2000), moved, 100)
    assert both.standard_error**2 == pytest.approx(found.standard_error**2 + np.var(image, ddof=1))


def test_what_is_known_exactly():
    same, apart = of(certain([0.5, 0.5]), certain([0.5, 0.5])), of(certain([0.5, 0.5]), certain([0.2, 0.2]))
    assert same.p_different() == [1] and same.p_equivalent(0.01) == [0]
    assert apart.p_different() == [0] and apart.p_equivalent(0.01) == [1]


def studied(truth, studies=250):
    rng = np.random.default_rng(0)
    for _ in range(studies):
        baseline, variants = draw(truth, rng)
        seeds = seed_spread(baseline, variants)
        yield [estimate(baseline, one, truth.images, seeds) for one in variants]


@pytest.mark.parametrize(
    "truth",
    [Truth(), Truth(drop=0.05), Truth(variant_and_image=0), Truth(training=0, training_and_image=0), Truth(seeds=2)],
    ids=["all", "drop", "no image effect", "images only", "two seeds"],
)
def test_intervals_hold_the_true_drop(truth):
    held = []
    for found in studied(truth):
        for one in found:
            low, high = one.interval(0.95)
            held.append(low[0] <= truth.drop <= high[0])
    assert np.mean(held) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("times", [0.0, 0.5, 1.0, 2.0])
def test_planted_drops_are_found_as_often_as_theory_says(times):
    truth = Truth(variant_and_image=0.0, variants=1, seeds=4)
    error = np.sqrt((truth.training**2 + truth.training_and_image**2 / truth.images) / 2)
    df = 6
    smallest = (stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * error
    planted = Truth(variant_and_image=0.0, variants=1, seeds=4, drop=times * smallest)
    rate = np.mean([one[0].p_different()[0] <= 0.05 for one in studied(planted, 400)])
    shift, limit = planted.drop / error, stats.t.ppf(0.975, df)
    theory = stats.nct.sf(limit, df, shift) + stats.nct.cdf(-limit, df, shift)
    # A variance over images is never below 0, so that the test errs on the safe side.
    assert theory - 0.08 < rate < theory + 0.03
