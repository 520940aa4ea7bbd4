"""Every method: what it changes, what it must not change, and what its output may depend on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from anonbench.anonymize.frame import anonymize
from anonbench.common.errors import UserError
from anonbench.config.plugins import METHODS
from anonbench.regions.footprint import footprint
from anonbench.regions.region import Region

LEVELS = {
    "blur": {"sigma": 0.1},
    "pixelate": {"cells": 6},
    "mask_out": {"grow": 0.1, "color": [200, 30, 60]},
    "inpaint": {"grow": 0.1},
    "drop_labels": {"grow": 0.1},
}


def noise(seed: int, height: int = 60, width: int = 80) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def ellipse(height: int, width: int, box: tuple[float, float, float, float]) -> np.ndarray:
    y, x = np.mgrid[:height, :width] + 0.5
    x1, y1, x2, y2 = box
    return ((x - (x1 + x2) / 2) / (x2 - x1)) ** 2 + ((y - (y1 + y2) / 2) / (y2 - y1)) ** 2 <= 0.25


@st.composite
def regions(draw: st.DrawFn) -> Region:
    x1, y1 = draw(st.floats(-30, 75)), draw(st.floats(-30, 55))
    box = (x1, y1, x1 + draw(st.floats(0.5, 90)), y1 + draw(st.floats(0.5, 70)))
    mask = ellipse(60, 80, box) if draw(st.booleans()) else None
    return Region(np.array(box), mask)


def covered(listed: list[Region], method: str) -> np.ndarray:
    """Every pixel within the grown regions, straight from the definition."""
    inside = np.zeros((60, 80), bool)
    grow = LEVELS[method].get("grow", 0)
    for region in listed:
        own = np.zeros((60, 80), bool)
        x1, y1, x2, y2 = region.box
        rows = slice(max(0, int(np.floor(y1))), max(0, int(np.ceil(y2))))
        cols = slice(max(0, int(np.floor(x1))), max(0, int(np.ceil(x2))))
        box = np.zeros((60, 80), bool)
        box[rows, cols] = True
        own |= box if region.mask is None or not region.mask.any() else region.mask
        both = np.argwhere(own | box)
        if not own.any():  # annotated, but not to be seen: the person may be anywhere
            inside[:] = True
            continue
        side = (both.max(0) - both.min(0) + 1).max()
        radius = np.ceil(grow * side)
        distance = ndimage.distance_transform_edt(~own)
        inside |= distance <= radius + 1e-3
    return inside


def test_every_method_is_tested_here() -> None:
    """Those that need a trained generator or a user's command, or that fill nothing, have tests of their own."""
    assert set(METHODS.names()) == {*LEVELS, "gan", "external", "drop_images"}


@pytest.mark.parametrize("method", LEVELS)
@given(listed=st.lists(regions(), max_size=3), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_changes_stay_inside_the_grown_regions(method: str, listed: list[Region], seed: int) -> None:
    image = noise(seed)
    before = image.copy()
    result = anonymize(METHODS.create(method, LEVELS[method]), image, listed, np.random.default_rng(0))
    assert (image == before).all(), "the input was modified"
    outside = ~covered(listed, method)
    assert (result.image[outside] == image[outside]).all()


@pytest.mark.parametrize("method", LEVELS)
@given(region=regions(), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_content_of_the_region_is_gone(method: str, region: Region, seed: int) -> None:
    image = noise(seed)
    inside = covered([region], method)
    result = anonymize(METHODS.create(method, LEVELS[method]), image, [region], np.random.default_rng(0))
    if inside.sum() >= 9:
        # Of noise, hardly any pixel may keep all three of its channels by chance.
        assert (result.image == image).all(-1)[inside].mean() < 0.05


@pytest.mark.parametrize("method", ["mask_out", "inpaint"])
@given(listed=st.lists(regions(), min_size=1, max_size=3), seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_output_does_not_depend_on_what_is_replaced(method: str, listed: list[Region], seed: int) -> None:
    image, other = noise(seed), noise(seed + 1000)
    inside = covered(listed, method)
    other[~inside] = image[~inside]
    anonymizer = METHODS.create(method, LEVELS[method])
    one, two = (anonymize(anonymizer, i, listed, np.random.default_rng(0)) for i in (image, other))
    assert (one.image == two.image).all()
    assert one.fallbacks == two.fallbacks


def test_mask_out_fills_with_its_color() -> None:
    method = METHODS.create("mask_out", LEVELS["mask_out"])
    result = anonymize(method, noise(0), [Region(np.array([10.0, 10, 40, 40]))])
    assert (result.image[10:40, 10:40] == [200, 30, 60]).all()


def test_mask_out_grows_by_a_disc() -> None:
    region = Region(np.array([30.0, 20, 50, 30]))
    result = anonymize(METHODS.create("mask_out", {"grow": 0.2}), np.full((60, 80, 3), 9, np.uint8), [region])
    changed = (result.image == 0).all(-1)
    assert changed[16:34, 30:50].all() and changed[20:30, 26:54].all()
    assert not changed[15].any() and not changed[:, 25].any() and not changed[16, 26]


@pytest.mark.parametrize("sigma", [0.02, 0.05, 0.1, 0.3])
def test_blur_is_the_gaussian_it_claims_to_be(sigma: float) -> None:
    image = cv2.GaussianBlur(noise(3, 240, 200), (0, 0), 2)
    region = Region(np.array([60.0, 40, 140, 240]))
    result = anonymize(METHODS.create("blur", {"sigma": sigma}), image, [region]).image
    exact = cv2.GaussianBlur(image, (0, 0), sigma * 200, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(result[40:, 60:140].astype(int) - exact[40:, 60:140]).max() <= 3


def test_blur_of_a_small_region_is_at_least_one_pixel_wide() -> None:
    image, region = noise(4), Region(np.array([10.0, 10, 15, 15]))
    result = anonymize(METHODS.create("blur", {"sigma": 0.001}), image, [region]).image
    exact = cv2.GaussianBlur(image, (0, 0), 1.0)
    assert (result[10:15, 10:15] == exact[10:15, 10:15]).all()


def test_pixelate_cells_are_means() -> None:
    image = noise(5)
    region = Region(np.array([10.0, 10, 34, 25]))
    result = anonymize(METHODS.create("pixelate", {"cells": 3}), image, [region]).image
    for rows in (slice(10, 25),):  # 15 rows hold one cell of 8; the rest joins it
        for left in (10, 18, 26):
            cell = image[rows, left : left + 8].reshape(-1, 3)
            assert np.abs(result[rows, left : left + 8] - cell.mean(0)).max() <= 0.5


def test_inpaint_continues_the_surroundings() -> None:
    image = np.full((120, 200, 3), (40, 90, 160), np.uint8)
    image[30:90, 60:120] = noise(6, 60, 60)
    result = anonymize(METHODS.create("inpaint", {"grow": 0.05}), image, [Region(np.array([60.0, 30, 120, 90]))])
    assert np.abs(result.image.astype(int) - (40, 90, 160)).max() <= 3


def test_inpaint_does_not_copy_one_person_into_another() -> None:
    image = np.full((60, 120, 3), 100, np.uint8)
    image[10:50, 20:60] = (255, 0, 0)
    image[10:50, 60:100] = (0, 255, 0)
    regions_ = [Region(np.array([20.0, 10, 60, 50])), Region(np.array([60.0, 10, 100, 50]))]
    result = anonymize(METHODS.create("inpaint", {"grow": 0.0}), image, regions_)
    assert np.abs(result.image.astype(int) - 100).max() <= 3


@pytest.mark.parametrize(("method", "params"), [("blur", {"sigma": 0.1}), ("pixelate", {"cells": 4})])
def test_overlap_is_at_least_as_strong_as_either(method: str, params: dict[str, float]) -> None:
    """A small region inside a large one must not bring the large one's detail back."""
    image = noise(7, 200, 200)
    large, small = Region(np.array([0.0, 0, 200, 200])), Region(np.array([80.0, 80, 120, 120]))
    anonymizer = METHODS.create(method, params)
    alone = anonymize(anonymizer, image, [large]).image
    both = anonymize(anonymizer, image, [large, small]).image
    assert both[80:120, 80:120].std() <= alone[80:120, 80:120].std() + 1


@pytest.mark.parametrize("method", LEVELS)
def test_cost_of_a_huge_box_is_bounded(method: str) -> None:
    region = Region(np.array([-1e12, -1e12, 1e12, 1e12]))
    result = anonymize(METHODS.create(method, LEVELS[method]), noise(8), [region], np.random.default_rng(0))
    assert (result.image != noise(8)).any(-1).mean() > 0.9


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        ("blur", {"sigma": -1}, "sigma"),
        ("blur", {"sigma": float("nan")}, "sigma"),
        ("blur", {"sigam": 0.1}, "sigam"),
        ("blur", {}, "sigma"),
        ("pixelate", {"cells": 0}, "cells"),
        ("pixelate", {"cells": 2.5}, "cells"),
        ("mask_out", {"grow": 0, "color": [0, 0, 300]}, "color"),
        ("inpaint", {"grow": "much"}, "grow"),
        ("inpaint", ["grow"], "dictionary"),
        ("gan", {"grow": 0, "coarseness": 0, "kind": "style_unett"}, "style_unet'"),
        ("gan", {"grow": 0, "coarseness": 0, "network": "style_unet"}, "network"),
        ("blurr", {}, "Did you mean 'blur'"),
        ("nothing", {}, "no anonymization method 'nothing'"),
        ("../blur", {}, "no anonymization method"),
        ("__init__", {}, "no anonymization method"),
    ],
)
def test_mistakes_are_named(method: str, params: dict[str, object], named: str) -> None:
    with pytest.raises(UserError, match=named):
        METHODS.create(method, params)


def test_parameters_are_frozen() -> None:
    anonymizer = METHODS.create("blur", {"sigma": 0.1})
    with pytest.raises(ValueError, match="frozen"):
        anonymizer.config.sigma = 0.0


def test_footprint_covers_every_touched_pixel() -> None:
    found = footprint(Region(np.array([10.9, 5.1, 12.1, 6.0])), (20, 20), lambda side: 0)
    assert found.window == (slice(5, 6), slice(10, 13)) and found.mask.all()
