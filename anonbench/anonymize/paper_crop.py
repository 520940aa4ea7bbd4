"""The square or upright crops that DeepPrivacy2 cuts around faces and bodies, and their resolutions.

Hukkelås & Lindseth (arXiv 2306.05135) blur at the resolution of their generators' datasets, FDH and FDF128. The rules
are those of ``dp2/detection/box_utils.py`` and ``box_utils_fdf.py`` of the repository hukkelas/deep_privacy2 away from
the image's border. There a crop is moved into the image where it fits; here it stays around its person.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from anonbench.regions.window import Window

# Of a body's crop: by which fraction of the geometric mean of its sides each side grows, height by width, and the least
# share of the crop that is not the person.
BODY_MARGIN, BODY_ASPECT, BACKGROUND = 0.1, 288 / 160, 0.3
# By which fraction of its side a face's square grows on every side.
FACE_MARGIN = 0.35
# No crop is larger than so many times the longer side of its box.
LARGEST = BODY_ASPECT * (1 + BODY_MARGIN) / math.sqrt(1 - BACKGROUND)


class PaperCrop(NamedTuple):
    """A kind of crop: its resolution (width, height) in px; and from a box and the outline's area in px² a window."""

    size: tuple[int, int]
    window: Callable[[np.ndarray, int], Window]


def body_window(box: np.ndarray, area: int) -> Window:
    """The crop around a body.

    Parameters
    ----------
    box
        (4,) ``xyxy`` in whole px.
    area
        Of the body, px.
    """
    x1, y1, x2, y2 = (int(value) for value in box)
    width, height = x2 - x1, y2 - y1
    more = int(math.sqrt(width * height) * BODY_MARGIN)
    left, width = _widened(x1, width, width + more)
    top, height = _widened(y1, height, height + more)
    if height / width < BODY_ASPECT:
        top, height = _widened(top, height, int(width * BODY_ASPECT))
    else:
        left, width = _widened(left, width, int(height / BODY_ASPECT))
    if 1 - area / (width * height) <= BACKGROUND:
        scale = math.sqrt(area / (1 - BACKGROUND) / (width * height))
        left, width = _widened(left, width, math.ceil(scale * width))
        top, height = _widened(top, height, math.ceil(scale * height))
    return Window(left, top, width, height)


def face_window(box: np.ndarray, area: int) -> Window:
    """The crop around a face's box; parameters as for :func:`body_window`."""
    x1, y1, x2, y2 = (int(value) for value in box)
    side = max(x2 - x1, y2 - y1)
    left, top = x1 - (side - (x2 - x1)) // 2, y1 - (side - (y2 - y1)) // 2
    more = int(side * FACE_MARGIN)
    return Window(left - more, top - more, side + 2 * more, side + 2 * more)


CROPS = {"fdh": PaperCrop((160, 288), body_window), "fdf128": PaperCrop((128, 128), face_window)}


def _widened(start: int, length: int, target: int) -> tuple[int, int]:
    return start - (target - length) // 2, target
