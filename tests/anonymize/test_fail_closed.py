"""Whatever cannot be processed is masked out and counted, never left visible."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from anonbench.anonymize.frame import anonymize, audit
from anonbench.anonymize.method import Method, Unfit
from anonbench.common.plugins import NoConfig
from anonbench.config.plugins import METHODS
from anonbench.regions.footprint import footprint
from anonbench.regions.patch import Patch
from anonbench.regions.region import Region

BOX = np.array([20.0, 10, 50, 40])
IMAGE = np.random.default_rng(0).integers(1, 256, (60, 80, 3), dtype=np.uint8)


class Stub(Method):
    """A method whose output is whatever the test wants."""

    sees_region = True

    def __init__(self, output: Callable[[Patch], np.ndarray]) -> None:
        super().__init__(NoConfig())
        self.output = output

    def fill(self, patch: Patch) -> np.ndarray:
        return self.output(patch)


def raising(error: BaseException) -> Callable[[Patch], np.ndarray]:
    def output(patch: Patch) -> np.ndarray:
        raise error

    return output


def one_nan(patch: Patch) -> np.ndarray:
    output = patch.image.astype(np.float32) / 2
    output[3, 3, 1] = np.nan
    return output


def good(patch: Patch) -> np.ndarray:
    return 255 - patch.image


BAD_OUTPUTS = {
    "nan": (one_nan, "output_not_finite"),
    "infinite": (lambda p: np.full(p.image.shape, np.inf), "output_not_finite"),
    "smaller": (lambda p: p.image[1:], "output_wrong_shape"),
    "gray": (lambda p: p.image[..., 0], "output_wrong_shape"),
    "none": (lambda p: None, "output_wrong_shape"),
    "objects": (lambda p: p.image.astype(object), "output_wrong_shape"),
    "raises": (raising(RuntimeError("boom")), "error"),
    "out of memory": (raising(MemoryError()), "error"),
    "declines": (raising(Unfit("too_small")), "too_small"),
    "unchanged": (lambda p: p.image, "output_unchanged"),
    "unchanged as float": (lambda p: p.image.astype(float), "output_unchanged"),
}


@pytest.mark.parametrize("case", BAD_OUTPUTS)
def test_bad_output_is_masked_out(case: str) -> None:
    output, reason = BAD_OUTPUTS[case]
    result = anonymize(Stub(output), IMAGE, [Region(BOX), Region(np.array([55.0, 45, 75, 58]))])
    assert result.fallbacks == {reason: 2}
    expected = IMAGE.copy()
    expected[10:40, 20:50] = expected[45:58, 55:75] = 0
    assert (result.image == expected).all()


@pytest.mark.parametrize("case", BAD_OUTPUTS)
def test_bad_output_within_a_mask(case: str) -> None:
    mask = np.zeros((60, 80), bool)
    mask[12:30, 25:40:2] = True
    result = anonymize(Stub(BAD_OUTPUTS[case][0]), IMAGE, [Region(BOX, mask)])
    assert (result.image[mask] == 0).all() and (result.image[~mask] == IMAGE[~mask]).all()


def test_interrupt_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        anonymize(Stub(raising(KeyboardInterrupt())), IMAGE, [Region(BOX)])


def test_good_output_of_floats_is_rounded_and_clipped() -> None:
    result = anonymize(Stub(lambda p: np.full(p.image.shape, 300.0)), IMAGE, [Region(BOX)])
    assert not result.fallbacks and (result.image[10:40, 20:50] == 255).all()


NOWHERE = [
    [np.nan, 10, 20, 30],
    [0, 0, np.inf, 10],
    [-np.inf, 0, 5, 10],
    [1, 2, 3],
    None,
    ["a", "b", "c", "d"],
    [30, 30, 30, 30],
    [30, 30, 30, 44],
    [40, 40, 30, 30],
    [-50, -50, -50, -50],
    [1e9, 9, 1e9, 9],
]


@pytest.mark.parametrize("source", ["annotated", "keypoints", "detected", "unlocated"])
@pytest.mark.parametrize("box", NOWHERE)
def test_unknown_place_hides_the_whole_image(box: object, source: str) -> None:
    result = anonymize(Stub(good), IMAGE, [Region(BOX), Region(box, source=source)])
    assert result.fallbacks == {"not_located": 1}
    assert not (result.image == IMAGE).all(-1).any()
    assert len(result.shares) == 2 and min(result.shares) > 0.99 and result.left == 0


@pytest.mark.parametrize("box", NOWHERE)
def test_a_mask_says_where_a_box_does_not(box: object) -> None:
    mask = np.zeros((60, 80), bool)
    mask[5:9, 60:70] = True
    result = anonymize(Stub(good), IMAGE, [Region(box, mask)])
    assert not result.fallbacks
    assert (result.image[mask] == 255 - IMAGE[mask]).all() and (result.image[~mask] == IMAGE[~mask]).all()


OUTSIDE = [[-20, -20, -1, -1], [80, 10, 99, 30], [10, 60, 20, 90]]


@pytest.mark.parametrize("source", ["keypoints", "detected"])
@pytest.mark.parametrize("box", OUTSIDE)
def test_what_was_drawn_outside_is_counted_and_changes_nothing(box: list[float], source: str) -> None:
    result = anonymize(Stub(good), IMAGE, [Region(np.array(box, float), source=source)])
    assert result.fallbacks == {"outside": 1} and (result.image == IMAGE).all()
    assert np.isnan(result.shares).all() and result.left == 0


@pytest.mark.parametrize("box", OUTSIDE)
def test_nobody_annotates_what_is_outside(box: list[float]) -> None:
    result = anonymize(Stub(good), IMAGE, [Region(np.array(box, float))])
    assert result.fallbacks == {"not_located": 1} and not result.image.any()


def test_the_audit_counts_changed_pixels_and_who_is_left() -> None:
    """It is told of the pixels alone: whoever claims to have filled a region cannot talk it into that."""
    after = IMAGE.copy()
    after[10:25, 20:50] = 255 - after[10:25, 20:50]
    boxes = [BOX, np.array([60.0, 40, 70, 50]), np.array([0.0, 50, 80, 60]), np.array([-9.0, 0, -1, 5])]
    before = IMAGE.copy()
    before[50:] = after[50:] = 7  # of one colour already
    places = [footprint(Region(box, source="detected"), IMAGE.shape[:2], lambda side: 3) for box in boxes]
    shares, left = audit(before, after, places)
    assert shares[:3] == [0.5, 0.0, 0.0] and np.isnan(shares[3])
    assert left == 1


def test_box_partly_outside_is_processed() -> None:
    result = anonymize(Stub(good), IMAGE, [Region(np.array([-20.0, -20, 15, 15]))])
    assert not result.fallbacks
    assert (result.image[:15, :15] == 255 - IMAGE[:15, :15]).all()
    assert (result.image[15:] == IMAGE[15:]).all()


def test_mask_outside_its_box_is_processed() -> None:
    mask = np.zeros((60, 80), bool)
    mask[5:9, 60:70] = True
    result = anonymize(Stub(good), IMAGE, [Region(np.array([-20.0, -20, -5, -5]), mask)])
    assert not result.fallbacks and (result.image[mask] == 255 - IMAGE[mask]).all()


@pytest.mark.parametrize(
    ("mask", "reason"),
    [
        (np.zeros((60, 80), bool), "mask_empty"),
        (np.ones((80, 60), bool), "mask_wrong_shape"),
        (np.ones((60, 80, 1), bool), "mask_wrong_shape"),
    ],
)
def test_unusable_mask_hides_the_box(mask: np.ndarray, reason: str) -> None:
    result = anonymize(Stub(good), IMAGE, [Region(BOX, mask)])
    assert result.fallbacks == {reason: 1} and (result.image[10:40, 20:50] == 0).all()


@pytest.mark.parametrize(
    ("method", "params", "side"),
    [("blur", {"sigma": 0.1}, 2), ("pixelate", {"cells": 8}, 7), ("pixelate", {"cells": 1}, 2)],
)
def test_too_small_a_region_is_masked_out(method: str, params: dict[str, float], side: int) -> None:
    region = Region(np.array([20.0, 20, 20 + side, 20 + side]))
    result = anonymize(METHODS.create(method, params), IMAGE, [region])
    assert result.fallbacks == {"too_small": 1} and (result.image[20 : 20 + side, 20 : 20 + side] == 0).all()


def test_image_without_surroundings_cannot_be_inpainted() -> None:
    result = anonymize(METHODS.create("inpaint", {"grow": 0}), IMAGE, [Region(np.array([0.0, 0, 80, 60]))])
    assert result.fallbacks == {"no_surroundings": 1} and not result.image.any()


def test_a_method_never_sees_a_region_that_is_masked_out() -> None:
    seen = []
    broken = Region(BOX + 4, np.zeros((60, 80), bool))
    anonymize(Stub(lambda p: seen.append(p.image) or good(p)), IMAGE, [Region(BOX), broken])
    assert (seen[0][4:, 4:] == 0).all()


def test_two_equal_regions_are_no_failure() -> None:
    result = anonymize(METHODS.create("pixelate", {"cells": 4}), IMAGE, [Region(BOX), Region(BOX)])
    assert not result.fallbacks
