"""The people that a generator learns from: windows at a little more than network resolution, and views of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.images import decode, read_verified
from anonbench.generators.condition import View
from anonbench.regions.files import ImageRegions, decode_region, read_regions
from anonbench.regions.footprint import NOT_LOCATED, footprint
from anonbench.regions.morphology import dilated
from anonbench.regions.window import resize, window_of

# Crops are stored wider than the network's window by this factor, so that a view can be taken a little off its centre.
SPARE = 1.15
# A crop that would have to be enlarged by more than this teaches blur.
ENLARGE = 2.0


@dataclass(frozen=True)
class Crops:
    """N people.

    Parameters
    ----------
    images
        (N, h, w, 3) uint8 RGB, h and w being the network's height and width times ``SPARE``.
    masks
        (N, h, w, 3) bool: the person's outline, the other people's, and where the image is.
    keypoints
        (N, K, 3) float32 px within the crop, visibility.
    exact
        (N,) bool: whether the outline is an annotated mask.
    size
        The network's (width, height).
    partners
        (K,) each keypoint's mirror partner.
    """

    images: np.ndarray
    masks: np.ndarray
    keypoints: np.ndarray
    exact: np.ndarray
    size: tuple[int, int]
    partners: np.ndarray

    def __len__(self) -> int:
        return len(self.images)


def read_crops(
    regions: Path,
    images_dir: Path,
    size: tuple[int, int],
    partners: list[int],
    limit: int | None = None,
    digests: Mapping[str, str] | None = None,
) -> Crops:
    """Cut every region of a split out of its image.

    Parameters
    ----------
    regions
        The split's region file.
    images_dir
        Folder of its original images.
    size
        The network's (width, height) px.
    partners
        Each keypoint's mirror partner; empty where the generator reads no keypoints.
    limit
        At most this many crops.
    digests
        The SHA-256 that each image must have, by its file name; None does not ask.

    Raises
    ------
    UserError
        If an image is missing, unreadable or another one than was annotated, or no region is large enough.
    """
    found = []
    data = read_regions(regions)
    spare = round(size[0] * SPARE), round(size[1] * SPARE)
    for record in tqdm(data.images, desc="crops", unit="image"):
        if not record.regions:
            continue
        path = images_dir / record.file_name
        image = decode(read_verified(path, digests[record.file_name]) if digests else path, str(path))
        found += _of_image(image, record, spare, size, len(partners))
        if limit is not None and len(found) >= limit:
            found = found[:limit]
            break
    if not found:
        raise UserError(
            f"{regions} has no region that is large enough to learn from.",
            "Choose another dataset or split for the generator, or a smaller width and height.",
        )
    arrays = (np.stack(part) for part in zip(*found, strict=True))
    return Crops(*arrays, size, np.asarray(partners, int))


def _of_image(
    image: np.ndarray, record: ImageRegions, spare: tuple[int, int], size: tuple[int, int], count: int
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, bool]]:
    regions = [decode_region(region) for region in record.regions]
    found = [footprint(region, image.shape[:2], lambda side: 0) for region in regions]
    if any(place.problem == NOT_LOCATED for place in found):  # whoever that is may be anywhere, in other crops too
        return
    outlines = []
    for place in found:
        outline = np.zeros(image.shape[:2], bool)
        if place.mask is not None:
            outline[place.window] = place.mask
        outlines.append(outline)
    total = np.sum(outlines, axis=0)
    for region, place, outline in zip(regions, found, outlines, strict=True):
        if place.problem or place.mask is None:
            continue
        window = window_of(place.box, size, SPARE)
        if spare[1] > ENLARGE * window.height:
            continue
        others, inside = total > outline, np.ones(image.shape[:2], bool)
        masks = [resize(window.cut(mask).view(np.uint8) * 255, spare) > 127 for mask in (outline, others, inside)]
        if not masks[0].any():
            continue
        keypoints = np.zeros((count, 3), np.float32)
        if count and region.keypoints is not None:
            keypoints[:] = window.points(region.keypoints, spare)
        yield resize(window.cut(image), spare), np.stack(masks, -1), keypoints, region.is_exact


def sample_views(crops: Crops, indices: np.ndarray, grow: tuple[float, float], rng: np.random.Generator) -> list[View]:
    """Random views of some crops: moved, mirrored, grown by a random amount, other people hidden or not."""
    views = []
    width, height = crops.size
    for index in indices:
        image, masks, keypoints = crops.images[index], crops.masks[index], crops.keypoints[index].astype(float)
        top, left = rng.integers(image.shape[0] - height + 1), rng.integers(image.shape[1] - width + 1)
        image = image[top : top + height, left : left + width]
        masks = masks[top : top + height, left : left + width]
        keypoints = keypoints - [left, top, 0]
        if rng.random() < 0.5:
            image, masks = image[:, ::-1], masks[:, ::-1]
            keypoints = keypoints[crops.partners] * [-1, 1, 1] + [width, 0, 0]
        views.append(_view(image, masks, keypoints, crops.exact[index], rng.uniform(*grow), rng.random() < 0.5))
    return views


def center_views(crops: Crops, indices: np.ndarray, grow: float) -> list[View]:
    """The views that an anonymizer has: centred, other people hidden."""
    width, height = crops.size
    top, left = (crops.images.shape[1] - height) // 2, (crops.images.shape[2] - width) // 2
    inner = slice(top, top + height), slice(left, left + width)
    return [
        _view(
            crops.images[i][inner],
            crops.masks[i][inner],
            crops.keypoints[i] - [left, top, 0],
            crops.exact[i],
            grow,
            True,
        )
        for i in indices
    ]


def _view(image: np.ndarray, masks: np.ndarray, keypoints: np.ndarray, exact: bool, grow: float, hide: bool) -> View:
    outline, others, inside = (np.ascontiguousarray(masks[..., i]) for i in range(3))
    _, _, width, height = cv2.boundingRect(outline.view(np.uint8))
    radius = math.ceil(grow * max(width, height))
    fill = dilated(outline, radius) & inside
    known = inside & ~fill
    if hide:
        known &= ~dilated(others, radius)
    return View(np.ascontiguousarray(image), fill, known, outline, keypoints, bool(exact))
