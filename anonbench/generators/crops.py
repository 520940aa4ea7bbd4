"""The people that a generator learns from: windows at a little more than network resolution, and views of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.common.images import decode, read_verified
from anonbench.config.types import Region as RegionName
from anonbench.generators.condition import View
from anonbench.generators.splits import SplitFiles
from anonbench.regions.anatomy import mirror_partners, shared_joints
from anonbench.regions.files import ImageRegions, decode_region, read_regions
from anonbench.regions.footprint import NOT_LOCATED, Footprint, footprint
from anonbench.regions.landmarks import SEEN, whole_head
from anonbench.regions.morphology import dilated
from anonbench.regions.region import Region
from anonbench.regions.window import Window, resize, window_of

# Crops are stored wider than the network's window by this factor, so that a view can be taken a little off its centre.
SPARE = 1.15
# A crop that would have to be enlarged by more than this teaches blur.
ENLARGE = 2.0
# How much of a head has to be in the image.
IN_IMAGE = 0.8

# Of one person: image, masks, keypoints, and whether the outline is exact, as in `Crops`.
Crop = tuple[np.ndarray, np.ndarray, np.ndarray, bool]


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
    splits: Sequence[SplitFiles], size: tuple[int, int], names: Sequence[str] = (), limit: int | None = None
) -> Crops:
    """Cut every region of some splits out of its image.

    Faces are those whose landmarks are known, unless there are none. Those of boxes around the face alone come twice:
    as they are, and as the square around the head that keypoints give, since a generator meets either.

    Parameters
    ----------
    splits
        Of any datasets.
    size
        The network's (width, height) px.
    names
        Of the keypoints that the generator reads. Those of a split with other ones are matched by name.
    limit
        At most this many crops of each split, the first ones.

    Raises
    ------
    UserError
        If an image is missing, unreadable or another one than was annotated, or no region is large enough.
    """
    found = [crop for files in splits for crop in _of_split(files, size, names, limit)]
    if not found:
        raise UserError(
            f"{splits[0].regions} has no region that is large enough to learn from.",
            "Choose another dataset or split for the generator, or a smaller width and height.",
        )
    arrays = (np.stack(part) for part in zip(*found, strict=True))
    return Crops(*arrays, size, np.asarray(mirror_partners(list(names)), int))


def _of_split(files: SplitFiles, size: tuple[int, int], names: Sequence[str], limit: int | None) -> list[Crop]:
    found, unmarked = [], []
    data = read_regions(files.regions)
    digests = {image["file_name"]: image["sha256"] for image in read_made(files.annotations)["images"]}
    joints = _Joints(names, data.keypoint_names)
    spare = round(size[0] * SPARE), round(size[1] * SPARE)
    for record in tqdm(data.images, desc="crops", unit="image"):
        if not record.regions:
            continue
        path = files.images / record.file_name
        image = decode(read_verified(path, digests[record.file_name]), str(path))
        for crop in _of_image(image, record, data.region, spare, size, joints):
            marked = data.region == "body" or crop[2][:, 2].min(initial=SEEN) == SEEN
            (found if marked else unmarked).append(crop)
        if limit is not None and len(found) >= limit:
            break
    return (found or unmarked)[:limit]


class _Joints:
    """A split's keypoints as those that a generator reads."""

    def __init__(self, names: Sequence[str], own: Sequence[str]) -> None:
        self.count, self.expected = len(names), len(own)
        self.targets, self.sources = shared_joints(names, own)

    def __call__(self, region: Region, window: Window, size: tuple[int, int]) -> np.ndarray:
        """(K, 3) float32 px within the window at ``size``; zeros where the region has none."""
        keypoints = np.zeros((self.count, 3), np.float32)
        if region.keypoints is not None and len(region.keypoints) == self.expected:
            keypoints[self.targets] = window.points(region.keypoints[self.sources], size)
        return keypoints


def _of_image(
    image: np.ndarray,
    record: ImageRegions,
    name: RegionName,
    spare: tuple[int, int],
    size: tuple[int, int],
    joints: _Joints,
) -> Iterator[Crop]:
    regions = [decode_region(region) for region in record.regions]
    found = [footprint(region, image.shape[:2], lambda side: 0) for region in regions]
    if any(place.problem == NOT_LOCATED for place in found):  # whoever that is may be anywhere, in other crops too
        return
    outlines = [_outline(place, image.shape[:2]) for place in found]
    total = np.sum(outlines, axis=0)
    people = list(zip(regions, found, outlines, outlines, strict=True))
    for region, _, own, _ in tuple(people) if name == "face" else ():
        if (head := whole_head(region)) is not None:
            place = footprint(head, image.shape[:2], lambda side: 0)
            outline = _outline(place, image.shape[:2])
            if outline.sum() >= IN_IMAGE * (head.box[2:] - head.box[:2]).prod():
                people.append((head, place, outline, own))
    for region, place, outline, own in people:
        if place.problem or place.mask is None:
            continue
        window = window_of(place.box, size, SPARE)
        if spare[1] > ENLARGE * window.height:
            continue
        others, inside = total > own, np.ones(image.shape[:2], bool)
        masks = [resize(window.cut(mask).view(np.uint8) * 255, spare) > 127 for mask in (outline, others, inside)]
        if not masks[0].any():
            continue
        keypoints = joints(region, window, spare)
        yield resize(window.cut(image), spare), np.stack(masks, -1), keypoints, region.is_exact


def _outline(place: Footprint, size: tuple[int, int]) -> np.ndarray:
    outline = np.zeros(size, bool)
    if place.mask is not None:
        outline[place.window] = place.mask
    return outline


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
