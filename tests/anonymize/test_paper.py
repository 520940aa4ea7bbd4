"""The paper's own settings, against what hukkelas/deep_privacy2 computes (commit f4d8f09), stated with torchvision."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torchvision.transforms.functional as F
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torchvision.transforms import InterpolationMode

from anonbench.anonymize.frame import anonymize
from anonbench.anonymize.method import Method
from anonbench.anonymize.paper_crop import CROPS, body_window, face_window
from anonbench.common.errors import UserError
from anonbench.common.root import ROOT
from anonbench.config.methods import level_config
from anonbench.config.plugins import METHODS
from anonbench.regions.region import Region
from anonbench.regions.window import Window

PAPER = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["methods"]


def paper(method: str, region: str) -> Method:
    """The method at the level `paper` for a region, as the configuration merges it."""
    return METHODS.create(method, level_config(method, PAPER[method]["paper"], region))


def stated(image: np.ndarray, window: Window, size: tuple[int, int], change) -> np.ndarray:
    """What ``Anonymizer.anonymize_detections`` puts into a window that lies within the image, (h, w, 3) uint8.

    The crop goes to the generator's size, to -1..1, through ``change``, and back to the window's size.
    """
    crop = torch.from_numpy(image).permute(2, 0, 1)
    crop = crop[:, window.top : window.top + window.height, window.left : window.left + window.width].float()
    up = window.height < size[1] and window.width < size[0]
    how = {"interpolation": InterpolationMode.NEAREST} if up else {
        "interpolation": InterpolationMode.BICUBIC, "antialias": True,
    }  # fmt: skip
    small = F.resize(crop, [size[1], size[0]], **how).round().clamp(0, 255)
    made = (change((small - 127.5) / 127.5) + 1) / 2 * 255
    made = F.resize(made, [window.height, window.width], interpolation=InterpolationMode.BICUBIC, antialias=True)
    return made.round().clamp(0, 255).byte().permute(1, 2, 0).numpy()


def gaussian(img: torch.Tensor) -> torch.Tensor:
    """``GaussianBlurGenerator``."""
    return F.gaussian_blur(img, kernel_size=[min(7 * 3, img.shape[-1])] * 2, sigma=[7.0, 7.0])


def street(seed: int) -> np.ndarray:
    """Fine and coarse detail, 700 x 900 px."""
    rng = np.random.default_rng(seed)
    coarse = F.resize(torch.from_numpy(rng.random((3, 14, 18)) * 255), [700, 900]).permute(1, 2, 0).numpy()
    return np.clip(coarse + rng.normal(0, 25, coarse.shape), 0, 255).astype(np.uint8)


# (left, top, width, height) of a region far from the border: crops smaller and larger than the generator's size.
BODIES = [(400, 250, 50, 140), (350, 150, 150, 380), (420, 300, 90, 60), (300, 330, 200, 30)]


@pytest.mark.parametrize("box", BODIES)
def test_bodies_are_blurred_as_the_paper_blurs_them(box: tuple[int, int, int, int]) -> None:
    x, y, w, h = box
    image = street(x)
    region = Region(np.array([x, y, x + w, y + h], float))
    result = anonymize(paper("blur", "body"), image, [region])
    assert not result.fallbacks
    window = body_window(region.box, w * h)
    expected = image.copy()
    inner = slice(window.top, window.top + window.height), slice(window.left, window.left + window.width)
    expected[inner] = stated(image, window, (160, 288), gaussian)
    difference = np.abs(result.image[y : y + h, x : x + w].astype(int) - expected[y : y + h, x : x + w])
    assert difference.max() <= 6 and difference.mean() <= 1.5
    changed = (result.image != image).any(-1)
    reach = int(np.ceil(0.015 * max(w, h)))
    changed[y - reach : y + h + reach, x - reach : x + w + reach] = False
    assert not changed.any()


@pytest.mark.parametrize("box", [(400, 300, 40, 50), (300, 200, 150, 190)])
def test_faces_are_blurred_as_the_paper_blurs_them(box: tuple[int, int, int, int]) -> None:
    x, y, w, h = box
    image = street(y)
    region = Region(np.array([x, y, x + w, y + h], float))
    result = anonymize(paper("blur", "face"), image, [region])
    window = face_window(region.box, w * h)
    blurred = stated(image, window, (128, 128), gaussian)
    inside = blurred[y - window.top : y - window.top + h, x - window.left : x - window.left + w]
    difference = np.abs(result.image[y : y + h, x : x + w].astype(int) - inside)
    assert difference.max() <= 6 and difference.mean() <= 1.5
    result.image[y : y + h, x : x + w] = image[y : y + h, x : x + w]
    assert (result.image == image).all()


def test_mask_out_is_the_middle_of_the_range() -> None:
    """``MaskOutGenerator`` puts a constant 0 where images are -1..1."""
    x, y, w, h = BODIES[1]
    image = street(0)
    region = Region(np.array([x, y, x + w, y + h], float))
    made = stated(image, body_window(region.box, w * h), (160, 288), torch.zeros_like)
    result = anonymize(paper("mask_out", "body"), image, [region]).image
    assert set(np.unique(made)) <= {127, 128}  # 127.5, rounded either way
    assert (result[y : y + h, x : x + w] == 128).all()


@pytest.mark.parametrize(
    ("size", "area", "expected"),
    [
        ((766, 574), 39098, (-33, -461, 799, 1036)),
        ((70, 17), 1091, (-1, -56, 72, 75)),
        ((356, 772), 204247, (-50, -26, 407, 798)),
        ((762, 160), 68810, (-17, -636, 779, 796)),
    ],
)
def test_body_crops_are_those_of_get_expanded_bbox(size: tuple, area: int, expected: tuple) -> None:
    """Values that the repository's own function returns for a box at the origin of a huge image."""
    window = body_window(np.array([0, 0, *size], float), area)
    assert (window.left, window.top, window.left + window.width, window.top + window.height) == expected


@pytest.mark.parametrize(
    ("size", "expected"),
    [((126, 260), (-158, -91, 284, 351)), ((216, 29), (-75, -168, 291, 198)), ((76, 365), (-271, -127, 348, 492))],
)
def test_face_crops_are_those_of_expand_bbox(size: tuple, expected: tuple) -> None:
    """As above."""
    window = face_window(np.array([0, 0, *size], float), 1)
    assert (window.left, window.top, window.left + window.width, window.top + window.height) == expected


def test_small_bodies_are_masked_out_and_counted() -> None:
    blur = paper("blur", "body")
    image = street(1)
    for side, small in ((10, True), (40, False)):
        result = anonymize(blur, image, [Region(np.array([300.0, 300, 300 + side // 2, 300 + side]))])
        assert result.fallbacks == ({"too_small": 1} if small else {})
        assert (result.image[300 : 300 + side, 300 : 300 + side // 2] == 0).all() == small


@given(
    st.integers(-50, 120),
    st.integers(-50, 90),
    st.integers(3, 160),
    st.integers(3, 160),
    st.sampled_from(sorted(CROPS)),
)
@settings(max_examples=40, deadline=None)
def test_nothing_of_a_region_stays_sharp_wherever_it_lies(x: int, y: int, w: int, h: int, crop: str) -> None:
    """At borders, too, and where a thin region grows out of its crop: noise loses its contrast everywhere."""
    image = np.random.default_rng(w).integers(0, 256, (100, 130, 3), dtype=np.uint8)
    blur = METHODS.create("blur", {"crop": crop, "sigma_px": 7, "kernel": 21, "grow": 0.05})
    result = anonymize(blur, image, [Region(np.array([x, y, x + w, y + h], float))])
    rows, cols = slice(max(0, y), max(0, y + h)), slice(max(0, x), max(0, x + w))
    inside = image[rows, cols]
    assume(inside.shape[0] * inside.shape[1] >= 9)
    assert not result.fallbacks
    assert (result.image[rows, cols] == inside).all(-1).mean() < 0.05
    # Of its own contrast, since the few pixels of a small region may happen to differ more than noise does on average.
    assert result.image[rows, cols].std() < 0.81 * inside.std()


@pytest.mark.parametrize(
    "mistake",
    [
        {"crop": "fdh", "sigma": 0.1},
        {"crop": "fdh", "sigma_px": 7},
        {"crop": "fdh", "sigma_px": 7, "kernel": 20},
        {"sigma": 0.1, "kernel": 21},
        {"sigma": 0.1, "min_size": 32},
        {"sigma_px": 7, "kernel": 21},
        {"crop": "fdf256", "sigma_px": 7, "kernel": 21},
    ],
)
def test_parameters_that_do_not_fit_together_are_refused(mistake: dict) -> None:
    with pytest.raises(UserError, match="crop|odd"):
        METHODS.create("blur", mistake)


def test_the_level_paper_serves_both_regions() -> None:
    body, face = paper("blur", "body").config, paper("blur", "face").config
    assert (body.crop, face.crop) == ("fdh", "fdf128")
    assert body.grow > 0 and face.grow == 0
