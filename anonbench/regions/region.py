"""The pixels of one face or body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ANNOTATED, KEYPOINTS, DETECTED, UNLOCATED = "annotated", "keypoints", "detected", "unlocated"
SOURCES = (ANNOTATED, KEYPOINTS, DETECTED, UNLOCATED)
DRAWN = (KEYPOINTS, DETECTED)
"""The sources of what no annotator has drawn."""


@dataclass(frozen=True)
class Region:
    """The pixels of one face or body that must not stay recognizable.

    Parameters
    ----------
    box
        (4,) float64 ``xyxy`` px, as annotated: it may be degenerate, reach outside the image, or not be finite.
    mask
        (height, width) bool over the whole image, or None for every pixel of the box.
    keypoints
        (K, 3) float64 of x, y, visibility in COCO's sense, or None.
    source
        ``annotated``, ``keypoints``, ``detected``, or ``unlocated`` for a person who may be anywhere in the image.
    annotation_id
        The person's annotation, or None for a detection that matches no annotated person.
    """

    box: np.ndarray
    mask: np.ndarray | None = None
    keypoints: np.ndarray | None = None
    source: str = "annotated"
    annotation_id: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether the outline is an annotated mask, and not a box or drawn from keypoints."""
        return self.mask is not None and self.source == ANNOTATED


def anywhere(annotation_id: int | None = None) -> Region:
    """The region of a person who may be anywhere in the image: all of it."""
    return Region(np.full(4, np.nan), source=UNLOCATED, annotation_id=annotation_id)
