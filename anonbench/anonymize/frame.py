"""The fail-closed frame around every method: what it may see, what it may change, and what becomes of a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from anonbench.regions.footprint import Footprint, footprint
from anonbench.regions.patch import Patch
from anonbench.regions.region import Region

if TYPE_CHECKING:
    from anonbench.anonymize.base import Anonymizer


@dataclass(frozen=True)
class Anonymized:
    """An anonymized image, (height, width, 3) uint8 RGB, and how many regions fell back to a mask-out, by reason.

    Reasons: ``box_not_finite`` (the whole image is masked out), ``box_degenerate``, ``mask_wrong_shape``,
    ``mask_empty``, ``outside`` (nothing of the region is visible, so nothing is masked out), ``output_wrong_shape``,
    ``output_not_finite``, ``output_unchanged``, ``error`` (the method raised), and the method's own, such as
    ``too_small``.

    ``restored`` counts the pixels outside of all regions that a user's own tool had changed and that were put back;
    None for the built-in methods, which cannot change any.
    """

    image: np.ndarray
    fallbacks: Counter[str]
    restored: int | None = None


Steps = Generator[Patch, "np.ndarray | str", Anonymized]
"""An image's work: yields one patch after the other, is sent what to put there or why there is nothing, returns the
image."""


def replace_regions(
    method: Anonymizer, image: np.ndarray, regions: list[Region], rng: np.random.Generator | None
) -> Steps:
    """Replace every region of an image; no pixel outside the grown regions changes.

    A region that cannot be processed is masked out and counted, never left visible. Regions are worked on from far to
    near, which is from small to large; where they overlap, the later one works on the result of the earlier one, so
    that no pixel ends up less anonymized than by either.

    Parameters
    ----------
    method
        Says how far regions grow, how much of the surroundings it wants, and whether it may see what it replaces.
    image
        (height, width, 3) uint8 RGB; not modified.
    regions
        Outlines in the image's pixel coordinates.
    rng
        The only source of randomness.

    Raises
    ------
    ValueError
        If the image has another shape or type, as soon as the first patch is asked for.
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise ValueError(f"expected (height, width, 3) uint8, got {image.shape} {image.dtype}")
    result, fallbacks = image.copy(), Counter()
    prints = []
    for region in regions:
        print_ = footprint(region, image.shape[:2], method.grow)
        if print_.problem:
            fallbacks[print_.problem] += 1
        if print_.mask is not None:
            prints.append((region, print_))
    hidden = None
    if not method.sees_region:
        hidden = np.zeros(image.shape[:2], bool)
        for _, print_ in prints:
            hidden[print_.window] |= print_.mask
            paste(None, print_.mask, result[print_.window])
    # Regions that need no method come first, so that a method never sees what they should have hidden.
    for region, print_ in sorted(prints, key=lambda item: (not item[1].problem, item[1].side)):
        filled = None
        if not print_.problem:
            patch, inner = _patch(result, hidden, region, print_, method.margin(print_.side), rng)
            output = yield patch
            filled = _trusted(output, patch, inner, image[print_.window] if method.sees_region else None, print_.mask)
            if isinstance(filled, str):
                fallbacks[filled] += 1
                filled = None
        paste(filled, print_.mask, result[print_.window])
        if hidden is not None:
            hidden[print_.window] &= ~print_.mask
    return Anonymized(result, fallbacks)


def run_together(images: list[Steps], fill_all: Callable[[list[Patch]], list[np.ndarray | str]]) -> list[Anonymized]:
    """Run several images' work side by side: their first regions are filled together, then their second ones, and on.

    Parameters
    ----------
    images
        From :func:`replace_regions`, not yet started.
    fill_all
        From patches to what is put there, or why there is nothing, in the same order.
    """
    done: dict[int, Anonymized] = {}
    waiting: dict[int, Patch] = {}

    def advance(index: int, output: np.ndarray | str | None) -> None:
        try:
            waiting[index] = images[index].send(output)
        except StopIteration as end:
            done[index] = end.value

    for index in range(len(images)):
        advance(index, None)
    while waiting:
        indices, patches = list(waiting), list(waiting.values())
        waiting.clear()
        for index, output in zip(indices, fill_all(patches), strict=True):
            advance(index, output)
    return [done[index] for index in range(len(images))]


def _trusted(
    output: np.ndarray | str, patch: Patch, inner: tuple[slice, slice], original: np.ndarray | None, mask: np.ndarray
) -> np.ndarray | str:
    """A method's output for the footprint's window, or the reason why it cannot be trusted.

    ``original`` is the window's content where the method saw it: it must have changed.
    """
    if isinstance(output, str):
        return output
    output = np.asarray(output)
    if output.shape != patch.image.shape or output.dtype.kind not in "uif":
        return "output_wrong_shape"
    output = output[inner]
    if output.dtype != np.uint8:
        if not np.isfinite(output).all():
            return "output_not_finite"
        output = np.rint(output).clip(0, 255).astype(np.uint8)
    # The largest difference within the mask.
    if original is not None and not cv2.norm(output, original, cv2.NORM_INF, mask.view(np.uint8)):
        return "output_unchanged"
    return output


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
    print_: Footprint,
    margin: int,
    rng: np.random.Generator,
) -> tuple[Patch, tuple[slice, slice]]:
    """The crop with its margin, and the footprint's window within that crop."""
    rows, cols = print_.window
    top, left = max(0, rows.start - margin), max(0, cols.start - margin)
    outer = slice(top, rows.stop + margin), slice(left, cols.stop + margin)
    inner = slice(rows.start - top, rows.stop - top), slice(cols.start - left, cols.stop - left)
    crop = image[outer].copy()
    mask = np.zeros(crop.shape[:2], bool)
    mask[inner] = print_.mask
    keypoints = region.keypoints
    if keypoints is not None:
        keypoints = keypoints - np.array([left, top, 0.0])
    outline = np.zeros_like(mask)
    outline[inner] = print_.outline
    patch = Patch(
        image=crop,
        mask=mask,
        outline=outline,
        hidden=np.zeros_like(mask) if hidden is None else hidden[outer].copy(),
        box=print_.box - np.array([left, top, left, top], float),
        side=print_.side,
        keypoints=keypoints,
        exact=region.is_exact,
        rng=rng,
    )
    return patch, inner
