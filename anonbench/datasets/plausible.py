"""Whether a user's coordinates are px of the images at all, as far as a whole file can tell.

Coordinates in another scale raise no error anywhere: boxes shrink to a corner or leave the image, and people stay
visible. One annotation proves nothing, but all of a file do. Every threshold leaves room for what real datasets have:
boxes of whole people that reach past an edge, faces at the edge, single slips of an annotator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anonbench.common.errors import UserError

# An outlier of ten must not hide that all others are fractions.
_ALMOST_ALL = 0.9
# Whoever annotates px of an image annotates some beyond its first two; fractions of a box past an edge exceed 1.
_FRACTION = 2.0
_PER_CENT = 101.0
# The corner of 100 x 100 px of such images is a sixteenth of them at most; that nothing lies outside it is no chance.
_LARGE = 400
# So many boxes that all lie in the upper left quarter: by chance, one file of 4 ** 8 = 65,536.
_ENOUGH = 8
_HALF = 0.5
# Past the right or lower edge, and before the left or upper one, as a share of the side: less is rounding.
_PAST, _BEFORE = 1.02, 0.02
# Boxes of whole people often reach past an edge, some of them to the left, but none is outside altogether.
_MANY_PAST, _SOME_PAST, _SOME_OUTSIDE = 0.5, 0.2, 0.05
# They reach past the left edge as often as past the right one: that eight of eight are on one side is no chance.
_SIDED, _SIDED_SHARE = 8, 0.1
_MOST = 0.5
# So few that do not fit are slips, unless there are no others.
_SLIPS = 2
_KEY = "or, if they are right on the images, set the dataset's `checked` to true."


@dataclass(frozen=True)
class Places:
    """Boxes of one kind in a file (``boxes``, ``masks`` or ``keypoints``) and the images that they are in.

    Parameters
    ----------
    kind
        What messages call them.
    boxes
        (N, 4) float64 xywh px as the file has them, with an extent.
    sizes
        (N, 2) float64 width and height px of each one's image.
    """

    kind: str
    boxes: np.ndarray
    sizes: np.ndarray


def check_plausible(places: Places, where: str) -> None:
    """Stop where the coordinates cannot be px of the images.

    Raises
    ------
    UserError
        Naming how many there are, the likely cause, and what to do.
    """
    count = len(places.boxes)
    if not count:
        return
    ends = places.boxes[:, :2] + places.boxes[:, 2:]
    for found in (_scale(places, ends), _corners(places, ends), _reach(places, ends), _corner(places, ends)):
        if found:
            number, problem, fix = found
            raise UserError(
                f"{where}: {number} of {count} {places.kind} {problem}", f"{fix[0].upper()}{fix[1:]}, {_KEY}"
            )


def past_edge(places: Places) -> int:
    """How many reach past an edge of their image by more than a rounding error, or lie outside it."""
    ends = places.boxes[:, :2] + places.boxes[:, 2:]
    return int(((ends > _PAST * places.sizes) | (places.boxes[:, :2] < -_BEFORE * places.sizes)).any(axis=1).sum())


_Found = tuple[int, str, str] | None


def _scale(places: Places, ends: np.ndarray) -> _Found:
    """Fractions and per cent."""
    largest, count = ends.max(axis=1), len(ends)
    fractions = int((largest <= _FRACTION).sum())
    if fractions >= _ALMOST_ALL * count and np.median(places.sizes.min(axis=1)) > 10:
        return fractions, "lie within 0..1: fractions of the image's size?", "multiply them by its width and height"
    per_cent = int((largest <= _PER_CENT).sum())
    if per_cent >= _ALMOST_ALL * count and np.median(places.sizes.min(axis=1)) >= _LARGE:
        return (
            per_cent,
            f"lie within 0..100, in images of {_size(places)} px: per cent?",
            "multiply them by a hundredth of the image's width and height",
        )
    return None


def _corners(places: Places, ends: np.ndarray) -> _Found:
    """Two corners in place of a corner and an extent."""
    x1, y1, x2, y2 = places.boxes.T
    width, height = places.sizes.T
    corners = (x2 > x1) & (y2 > y1) & (x2 <= _PAST * width) & (y2 <= _PAST * height)
    past = (ends > _PAST * places.sizes).any(axis=1)
    if places.kind == "boxes" and corners.mean() >= _ALMOST_ALL and past.mean() >= _SOME_PAST:
        return (
            int(past.sum()),
            "reach past the right or lower edge, and would not if they were [x1, y1, x2, y2].",
            "write [x, y, width, height]",
        )
    return None


def _reach(places: Places, ends: np.ndarray) -> _Found:
    """Another, larger resolution, or no relation to the images."""
    share = (ends / places.sizes).max(axis=1)
    past = share > _PAST
    outside = (places.boxes[:, :2] >= places.sizes).any(axis=1) | (ends <= 0).any(axis=1)
    before = (places.boxes[:, :2] < -_BEFORE * places.sizes).any(axis=1)
    many = past.mean() >= _MANY_PAST and before[past].mean() < 0.1
    right, left = (ends[:, 0] > _PAST * places.sizes[:, 0]).sum(), before.sum()
    sided = right >= max(_SIDED, _SIDED_SHARE * len(ends)) and left <= 0.1 * right
    some = past.mean() >= _SOME_PAST and outside.mean() >= _SOME_OUTSIDE
    if _is_no_slip(past) and (many or sided or some):
        factor = float(np.percentile(share, 98))
        return (
            int(past.sum()),
            f"reach past the right or lower edge, up to {factor:.1f} times the image's size: annotated at another"
            f" resolution, at least {factor:.1f} times as large?",
            "use the images that were annotated, or scale the coordinates to these",
        )
    if _is_no_slip(outside) and outside.mean() >= _MOST:
        return (
            int(outside.sum()),
            "lie wholly outside their images: of other images?",
            "use the images that were annotated",
        )
    return None


def _corner(places: Places, ends: np.ndarray) -> _Found:
    """Another, smaller resolution."""
    share = (ends / places.sizes).max(axis=1)
    # Of keypoints, some files have those of heads alone, which are in the upper half anyway.
    if places.kind != "keypoints" and len(share) >= _ENOUGH and (share <= _HALF).all():
        factor = 1 / float(share.max())
        return (
            len(share),
            f"lie in the upper left corner, within 1/{factor:.1f} of their images' width and height: annotated at"
            " a smaller resolution?",
            "use the images that were annotated, or scale the coordinates to these",
        )
    return None


def _is_no_slip(found: np.ndarray) -> bool:
    return bool(found.sum() > _SLIPS or (found.any() and found.all()))


def _size(places: Places) -> str:
    width, height = np.median(places.sizes, axis=0)
    return f"about {width:.0f} x {height:.0f}"
