"""The variance of a drop over validation images."""

from itertools import permutations, product

import numpy as np
import pytest

from anonbench.report.inference.images import image_variance
from anonbench.report.inference.sample import Sample


def sample(replicates):
    return Sample(replicates[:, 0], replicates, np.zeros(len(replicates), int))


@pytest.mark.parametrize("counts", [(3, 4), (2, 2)])
def test_covariances_of_different_seeds_alone(counts):
    rng = np.random.default_rng(0)
    shared = rng.normal(size=(1, 50, 2))
    first, second = (shared + rng.normal(size=(n, 50, 2)) * [0.1, 2] for n in counts)
    for metric in range(2):
        within = [
            np.mean([np.cov(a, b)[0, 1] for a, b in permutations(one[..., metric], 2)]) for one in (first, second)
        ]
        between = np.mean([np.cov(a, b)[0, 1] for a, b in product(first[..., metric], second[..., metric])])
        expected = max(sum(within) - 2 * between, 0)
        assert image_variance(sample(first), sample(second))[metric] == pytest.approx(expected, abs=1e-12)


def test_one_model_stands_in_with_its_own_variance():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=(2, 1, 400, 1))
    assert image_variance(sample(first), sample(second)) == pytest.approx(np.var(first - second, ddof=1))


def test_what_trainings_add_is_not_counted():
    rng = np.random.default_rng(2)
    image = rng.normal(size=(1, 4000, 1))
    first, second = (image + 5 * rng.normal(size=(6, 4000, 1)) for _ in range(2))
    assert image_variance(sample(first), sample(second))[0] < 0.5  # 25/6 + 25/6 with the trainings' part


def test_undefined_resamples():
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=(2, 2, 60, 2))
    first[0, :20, 0] = np.nan
    first[1, :31, 1] = np.nan
    found = image_variance(sample(first), sample(second))
    assert found[0] == pytest.approx(image_variance(sample(first[:, 20:]), sample(second[:, 20:]))[0])
    assert np.isnan(found[1])
