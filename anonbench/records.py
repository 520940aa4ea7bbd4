"""The typed records that pass between the rooms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sample:
    """One image of a dataset split as its converter found it.

    ``image`` is an encoded file (its bytes or its path) or an RGB array (height, width, 3) uint8. ``annotations`` are
    COCO annotation records without ``id`` and ``image_id``, which the writer sets (given ones are kept).
    ``declared_size`` is the (width, height) in px that the source's annotations claim, and None where they claim
    nothing; it decides whether an EXIF-rotated image is annotated as stored or as displayed. ``image_fields`` are
    further keys of the image's record, which official evaluations need, such as CrowdPose's ``crowdIndex``.
    """

    file_name: str
    image: bytes | Path | np.ndarray
    annotations: list[dict[str, Any]]
    image_id: int | None = None
    declared_size: tuple[int, int] | None = None
    image_fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """A dataset split on its way into the common form: COCO categories and a stream of samples.

    ``expected`` is the number of samples, for the progress bar and the disk check, and ``bytes_expected`` the size of
    the images that will be written. ``info`` counts what was left out; it may still grow while the samples are read.
    ``protocol`` names the official rule by which the split is scored, COCO's unless given (see docs/scoring.md).
    """

    categories: list[dict[str, Any]]
    samples: Iterator[Sample]
    expected: int
    bytes_expected: int = 0
    info: dict[str, Any] = field(default_factory=dict)
    protocol: str | None = None


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
        ``annotated``, ``keypoints`` or ``detected``.
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
        return self.mask is not None and self.source == "annotated"
