"""Resamples are drawn with replacement, over groups where images have them, and the same for everybody."""

import numpy as np
import pytest

from anonbench.evaluate.draws import draw


def images(*groups):
    """Records with descending ids, of these groups; None has none."""
    return [
        {"id": 10 * (len(groups) - n)} | ({} if group is None else {"group": group}) for n, group in enumerate(groups)
    ]


def test_as_many_images_as_there_are_each_as_likely():
    draws = draw(images(*[None] * 50), resamples=2000, seed=0)
    assert draws.shape == (2000, 50) and draws.dtype == np.uint16
    assert (draws.sum(axis=1) == 50).all()
    # Of a binomial with 50 trials of 1/50: mean 1, variance 49/50; their standard errors are 0.022 and 0.04.
    assert draws.mean(axis=0) == pytest.approx(np.ones(50), abs=0.1)
    assert draws.var(axis=0) == pytest.approx(np.full(50, 0.98), abs=0.2)
    assert len(np.unique(draws, axis=0)) == 2000


def test_the_seed_and_the_images_decide():
    one = draw(images(*[None] * 9), resamples=5, seed=3)
    np.testing.assert_array_equal(one, draw(list(reversed(images(*[None] * 9))), resamples=5, seed=3))
    assert (one != draw(images(*[None] * 9), resamples=5, seed=4)).any()
    np.testing.assert_array_equal(one[:3], draw(images(*[None] * 9), resamples=3, seed=3))


def test_whole_groups_are_drawn():
    # In ascending order of id: b, 1, alone, alone, a, a, b.
    draws = draw(images("b", "a", "a", None, None, 1, "b"), resamples=500, seed=0)
    np.testing.assert_array_equal(draws[:, 0], draws[:, 6])
    np.testing.assert_array_equal(draws[:, 4], draws[:, 5])
    assert (draws[:, 2] != draws[:, 3]).any() and (draws[:, 1] != draws[:, 0]).any()
    assert (draws[:, [0, 1, 2, 3, 4]].sum(axis=1) == 5).all()
    assert draws.mean(axis=0) == pytest.approx(np.ones(7), abs=0.15)


def test_a_number_and_a_text_are_different_groups():
    draws = draw(images("1", 1, 1, "1"), resamples=100, seed=0)
    assert (draws[:, 0] == draws[:, 3]).all() and (draws[:, 0] != draws[:, 1]).any()


def test_of_a_single_group_images_are_drawn_with_a_warning(caplog):
    draws = draw(images("a", "a", "a"), resamples=100, seed=0)
    np.testing.assert_array_equal(draws, draw(images(None, None, None), resamples=100, seed=0))
    assert len(np.unique(draws, axis=0)) > 5
    assert [record.getMessage() for record in caplog.records] == [
        "All 3 images are of one group: single images are drawn, as if they were unalike."
    ]


def test_a_single_image(caplog):
    np.testing.assert_array_equal(draw(images("a"), resamples=3, seed=0), np.ones((3, 1)))
    assert not caplog.records
