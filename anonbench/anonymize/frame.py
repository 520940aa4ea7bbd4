"""The fail-closed frame around every method: what it may see, what it may change, and what becomes of a failure."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from anonbench.anonymize.method import Method, Unfit
from anonbench.anonymize.trust import is_unchanged, trusted
from anonbench.common.images import changed
from anonbench.regions.footprint import Footprint, footprint
from anonbench.regions.patch import Patch
from anonbench.regions.region import Region

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One image to anonymize.

    Parameters
    ----------
    image
        (height, width, 3) uint8 RGB; not modified.
    regions
        Outlines in the image's pixel coordinates; nothing about them is trusted.
    rng
        The only source of randomness; None for methods that are not random.
    made
        The image as the method has made it before (:meth:`anonbench.anonymize.method.Method.made`).
    """

    image: np.ndarray
    regions: list[Region]
    rng: np.random.Generator | None = None
    made: np.ndarray | str | None = None


@dataclass(frozen=True)
class Anonymized:
    """An anonymized image, (height, width, 3) uint8 RGB, and what became of its regions.

    ``fallbacks`` counts the regions that the method did not replace, by reason. All but those that are ``outside``, of
    which nothing is visible, are masked out: ``not_located`` (so is the whole image), ``mask_wrong_shape``,
    ``mask_empty``, ``output_wrong_shape``, ``output_not_finite``, ``output_unchanged``, ``error`` (the method raised),
    and the method's own, such as ``too_small``.

    ``shares`` says of each region, in their order, which share of its pixels before growing has really changed; NaN for
    one that is outside. ``left`` counts those in which not one pixel has, and that are not of one colour: whoever is
    there is still visible.

    ``restored`` counts the pixels outside of all regions that an image made before had changed and that were put back;
    None for methods that work region by region, which cannot change any.
    """

    image: np.ndarray
    fallbacks: Counter[str]
    shares: list[float]
    left: int
    restored: int | None = None

    def written_shares(self) -> list[float | None]:
        """``shares`` as records keep them: to four places, None for a region that is outside."""
        return [None if math.isnan(share) else round(share, 4) for share in self.shares]


def anonymize(
    method: Method,
    image: np.ndarray,
    regions: list[Region],
    rng: np.random.Generator | None = None,
    made: np.ndarray | str | None = None,
) -> Anonymized:
    """Replace every region of one image; parameters as of :class:`Task`, the rest as :func:`anonymize_together`."""
    return anonymize_together(method, [Task(image, regions, rng, made)])[0]


def anonymize_together(method: Method, tasks: Sequence[Task]) -> list[Anonymized]:
    """Replace every region of several images; no pixel outside the grown regions changes.

    A region that cannot be processed is masked out and counted, never left visible. Regions are worked on from far to
    near, which is from small to large; where they overlap, the later one works on the result of the earlier one, so
    that no pixel ends up less anonymized than by either. Of an image that was made before, what is masked out is masked
    out at the end, so that no other region brings back what it hides.

    The images' first regions are filled together, then their second ones, and so on.

    Parameters
    ----------
    method
        Says how far regions grow, how much of the surroundings it wants and whether it may see what it replaces; fills.
    tasks
        The images.

    Raises
    ------
    ValueError
        If an image has another shape or type.
    """
    steps = [_replace_regions(method, task) for task in tasks]
    done: dict[int, Anonymized] = {}
    waiting: dict[int, Patch] = {}

    def advance(index: int, output: np.ndarray | str | None) -> None:
        try:
            waiting[index] = steps[index].send(output)
        except StopIteration as end:
            done[index] = end.value

    for index in range(len(steps)):
        advance(index, None)
    while waiting:
        indices, patches = list(waiting), list(waiting.values())
        waiting.clear()
        for index, output in zip(indices, _outputs(method, patches), strict=True):
            advance(index, output)
    return [done[index] for index in range(len(steps))]


# An image's work: yields one patch after the other, is sent what to put into it or why there is nothing, returns the
# image.
_Steps = Generator[Patch, "np.ndarray | str", Anonymized]


def _replace_regions(method: Method, task: Task) -> _Steps:
    image, made = task.image, task.made
    shape = image.shape[:2]
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected (height, width, 3) uint8, got {image.shape} {image.dtype}")
    if isinstance(made, np.ndarray) and (made.shape != image.shape or made.dtype != np.uint8):
        made = "output_wrong_shape"
    result, fallbacks = image.copy(), Counter()
    places = [footprint(region, shape, method.grow) for region in task.regions]
    fallbacks.update(found.problem for found in places if found.problem)
    visible = [place for place in zip(task.regions, places, strict=True) if place[1].mask is not None]
    covered = np.zeros(shape, np.uint16)
    if made is not None or method.least_change:
        for _, found in visible:
            covered[found.window] += found.mask
    hidden = None
    if not method.sees_region:
        hidden = np.zeros(shape, bool)
        for _, found in visible:
            hidden[found.window] |= found.mask
            paste(None, found.mask, result[found.window])
    masked_out = []
    # Regions that need no method come first, so that a method never sees what they should have hidden.
    for region, found in sorted(visible, key=lambda item: (not item[1].problem, item[1].side)):
        filled = None
        if not found.problem:
            if made is None:
                patch, inner = _patch(result, hidden, region, found, method.margin(found.side), task.rng)
                filled = trusted((yield patch), patch.image.shape, inner)
            else:
                filled = made if isinstance(made, str) else made[found.window]
            if method.sees_region and not isinstance(filled, str):
                before, shared = image[found.window], covered[found.window]
                if is_unchanged(filled, before, found, shared, method.least_change):
                    filled = "output_unchanged"
            if isinstance(filled, str):
                fallbacks[filled] += 1
                filled = None
        if filled is None:
            masked_out.append(found)
        paste(filled, found.mask, result[found.window])
        if hidden is not None:
            hidden[found.window] &= ~found.mask
    if made is None:
        return Anonymized(result, fallbacks, *audit(image, result, places))
    for found in masked_out:
        paste(None, found.mask, result[found.window])
    restored = 0 if isinstance(made, str) else int(((changed(image, made) > 0) & (covered == 0)).sum())
    return Anonymized(result, fallbacks, *audit(image, result, places), restored)


def audit(before: np.ndarray, after: np.ndarray, places: Sequence[Footprint]) -> tuple[list[float], int]:
    """What became of an image's regions, judged by nothing but its pixels: ``shares`` and ``left`` of `Anonymized`.

    Parameters
    ----------
    before, after
        (height, width, 3) uint8 RGB.
    places
        The regions' footprints.
    """
    shares, left = [], 0
    differs = changed(before, after)
    for found in places:
        if found.mask is None:
            shares.append(math.nan)
            continue
        inside = found.outline.view(np.uint8)
        share = cv2.countNonZero(cv2.copyTo(differs[found.window], inside)) / cv2.countNonZero(inside)
        shares.append(share)
        if not share:
            pixels = after[found.window][found.outline]
            left += bool((pixels != pixels[0]).any())
    return shares, left


def _outputs(method: Method, patches: list[Patch]) -> list[np.ndarray | str]:
    """What to put into each patch, or why there is nothing."""
    if method.together > 1:
        try:
            return method.fill_all(patches)
        except Exception:
            log.exception("a batch of %d regions failed; they are now tried one by one", len(patches))
    return [_attempt(method, patch) for patch in patches]


def _attempt(method: Method, patch: Patch) -> np.ndarray | str:
    try:
        return method.fill(patch)
    except Unfit as unfit:
        return unfit.reason
    except Exception:
        # Whatever goes wrong inside a method must not leave a person visible; the count says that it did.
        log.exception("%s failed on a region, which is masked out", type(method).__name__)
        return "error"


def paste(source: np.ndarray | None, mask: np.ndarray, target: np.ndarray) -> None:
    """Copy the pixels in the mask, or black, into the target; `cv2.copyTo` is far faster here than `np.copyto`."""
    if source is None:
        source = np.zeros(target.shape, np.uint8)
    # Assigned as well as passed: OpenCV writes to a copy where it cannot use the layout of a view.
    target[...] = cv2.copyTo(source, mask.view(np.uint8), target)


def _patch(
    image: np.ndarray,
    hidden: np.ndarray | None,
    region: Region,
    found: Footprint,
    margin: int,
    rng: np.random.Generator | None,
) -> tuple[Patch, tuple[slice, slice]]:
    """The crop with its margin, and the footprint's window within that crop."""
    rows, cols = found.window
    top, left = max(0, rows.start - margin), max(0, cols.start - margin)
    outer = slice(top, rows.stop + margin), slice(left, cols.stop + margin)
    inner = slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)
    crop = image[outer].copy()
    mask = np.zeros(crop.shape[:2], bool)
    mask[inner] = found.mask
    keypoints = region.keypoints
    if keypoints is not None:
        keypoints = keypoints - np.array([left, top, 0.0])
    outline = np.zeros_like(mask)
    outline[inner] = found.outline
    patch = Patch(
        image=crop,
        mask=mask,
        outline=outline,
        hidden=np.zeros_like(mask) if hidden is None else hidden[outer].copy(),
        box=found.box - np.array([left, top, left, top], float),
        side=found.side,
        keypoints=keypoints,
        exact=region.is_exact,
        rng=rng,
    )
    return patch, inner
