"""One image, and one split, of a dataset as its format reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Sample:
    """One image of a split as its format reads it.

    ``image`` is an encoded file (its bytes, its path, or what reads its bytes, called at most once and before the next
    sample is asked for) or an RGB array (height, width, 3) uint8. ``annotations`` are
    COCO annotation records without ``id`` and ``image_id``, which the writer sets (those that are set are kept).
    ``declared_size`` is the (width, height) in px that the source's annotations claim, and None where they claim
    nothing. ``turn`` says whether an image with an EXIF orientation is turned by it, as it is displayed; None leaves
    that to the declared size. ``image_fields`` are further keys of the image's record: what official evaluations need,
    such as CrowdPose's ``crowdIndex``, and ``group``, text or a number that images share which are alike, such as those
    of one video.
    """

    file_name: str
    image: bytes | Path | np.ndarray | Callable[[], bytes]
    annotations: list[dict[str, Any]]
    image_id: int | None = None
    declared_size: tuple[int, int] | None = None
    image_fields: dict[str, Any] = field(default_factory=dict)
    turn: bool | None = None


@dataclass(frozen=True)
class Split:
    """A dataset's split as its format reads it: COCO categories, and which images there are.

    ``names`` are the file names of its images, in order. ``read`` gives the samples of some of them as a stream: of
    those at the given places in ``names``, which ascend. What it leaves out of them it counts. It may be called again.
    ``bytes_expected`` is the size of the images that will be written, for the disk check, and ``info`` counts what was
    left out of the split as a whole. ``protocol`` names the official rule by which the split is scored, COCO's if None
    (see docs/scoring.md). ``annotation_ids`` are those of its own annotations, which none without an id may get.
    ``in_order`` says that an annotation's place in its image's list counts, so that none is left out and boxes stay as
    they are.
    """

    categories: list[dict[str, Any]]
    names: Sequence[str]
    read: Callable[[Sequence[int], Counter[str]], Iterator[Sample]]
    bytes_expected: int = 0
    info: dict[str, Any] = field(default_factory=dict)
    protocol: str | None = None
    annotation_ids: frozenset[int] = frozenset()
    in_order: bool = False
