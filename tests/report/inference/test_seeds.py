"""The variance over seeds and draws."""

import numpy as np
import pytest

from anonbench.report.inference.sample import Sample
from anonbench.report.inference.seeds import draw_spread, seed_spread
from tests.helpers.studies import certain


def drawn(points, draws):
    values = np.array(points, float)[:, None]
    return Sample(values, np.repeat(values[:, None], 5, axis=1), np.array(draws))


def test_variants_are_pooled_by_their_degrees_of_freedom():
    found = seed_spread(certain([0.50, 0.52, 0.54]), [certain([0.40, 0.44]), certain([0.3])])
    assert found.variance == pytest.approx([(2 * 0.0004 + 0.0008) / 3])
    assert found.df == [3]


def test_a_variant_that_learned_nothing_is_not_pooled():
    found = seed_spread(certain([0.50, 0.54]), [certain([0.0, 0.0, 0.0]), certain([0.24, 0.25])])
    assert found.variance == pytest.approx([0.0008]) and found.df == [1]


def test_one_seed_says_nothing():
    found = seed_spread(certain([0.5]), [certain([0.4])])
    assert np.isnan(found.variance) and found.df == [0]


def test_seeds_vary_around_the_mean_of_their_draw():
    found = seed_spread(certain([0.5]), [drawn([0.40, 0.42, 0.30, 0.34], [0, 0, 1, 1])])
    assert found.variance == pytest.approx([(0.0002 + 0.0008) / 2]) and found.df == [2]


def test_draws_vary_by_more_than_their_seeds_explain():
    one = drawn([0.40, 0.42, 0.30, 0.34], [0, 0, 1, 1])
    seeds = seed_spread(certain([0.5]), [one])
    found = draw_spread([one, certain([0.4, 0.41])], seeds)
    assert found.variance == pytest.approx([(0.41 - 0.32) ** 2 / 2 - 0.0005 / 2]) and found.df == [1]
    alike = drawn([0.40, 0.42, 0.41, 0.42], [0, 0, 1, 1])
    assert draw_spread([alike], seed_spread(certain([0.5]), [alike])).variance == [0]
