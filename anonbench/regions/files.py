"""The region file of a split: its typed records, and how they become `Region` and back."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator

from anonbench.common.errors import UserError
from anonbench.common.records import Record, read_record
from anonbench.common.rle import decode_mask, encode_mask
from anonbench.config.types import Region as RegionName
from anonbench.regions.region import Region

_UNKNOWN = (None,) * 4


def _coordinates(value: Any) -> tuple[float | None, ...]:
    """Four numbers, None for each that is not finite; whatever else it is, the box's place is unknown."""
    if not isinstance(value, list | tuple) or len(value) != 4:
        return _UNKNOWN
    return tuple(v if isinstance(v, int | float) and math.isfinite(v) else None for v in value)


Coordinate = float | None
Box = Annotated[tuple[Coordinate, Coordinate, Coordinate, Coordinate], BeforeValidator(_coordinates)]


class Rle(Record):
    """A mask in COCO's compressed run-length encoding; ``size`` is (height, width) px."""

    size: tuple[int, int]
    counts: str


class RegionRecord(Record):
    """One region.

    ``box`` is ``[x, y, w, h]`` px, null where it is not finite; ``mask`` is of the whole image; ``keypoints`` are flat
    ``[x, y, v] * K`` px, null where they are not finite; ``source`` as of :class:`anonbench.regions.region.Region`.
    """

    annotation_id: int | None = None
    box: Box = _UNKNOWN
    mask: Rle | None = None
    keypoints: list[float | None] | None = None
    source: str = "annotated"


class ImageRegions(Record):
    """The regions of one image of ``width`` x ``height`` px."""

    image_id: int
    file_name: str
    width: int
    height: int
    regions: list[RegionRecord]


class RegionCounts(Record):
    """What the regions of a split are.

    ``people`` are annotated and located, a crowd as one; ``not_located`` are annotated, but nothing says where they
    are, and ``images_hidden`` is in how many images. ``regions`` counts all, by their sources ``annotated``,
    ``keypoints``, ``detected`` and ``unlocated``. For faces, ``no_visible_face`` are the people whose annotation says
    that the face is not visible and ``no_face_found`` those in whom the detector finds none. ``unannotated`` are the
    unannotated faces or people who are hidden; ``unannotated_left`` are people who are left visible.
    """

    people: int = 0
    not_located: int = 0
    images_hidden: int = 0
    regions: int = 0
    annotated: int = 0
    keypoints: int = 0
    detected: int = 0
    unlocated: int = 0
    no_visible_face: int = 0
    no_face_found: int = 0
    unannotated: int = 0
    unannotated_left: int = 0


class RegionFile(Record):
    """``resources/regions/{dataset}/{split}/{region}.json``: all images of a split with their regions.

    ``keypoint_names`` says what the regions' keypoints are, in their order; it is empty where there are none, or where
    people's differ by category. ``no_face_found`` holds the annotation ids of the people that ``counts`` counts so.
    """

    dataset: str
    split: str
    region: RegionName
    keypoint_names: list[str] = []
    images: list[ImageRegions]
    counts: RegionCounts = RegionCounts()
    no_face_found: list[int] = []


def read_regions(path: Path | str) -> RegionFile:
    """Read a region file. Whether its masks are valid shows when they are decoded (:func:`decode_region`).

    Raises
    ------
    UserError
        If the file is missing, is not JSON, or lacks a key of the contract.
    """
    return read_record(RegionFile, path)


def encode_region(region: Region) -> RegionRecord:
    """The record of a region: box xywh px, mask as compressed COCO RLE; what is not finite is None."""
    x1, y1, x2, y2 = np.asarray(region.box, float).tolist()
    mask = None if region.mask is None else Rle(**encode_mask(region.mask))
    keypoints = None
    if region.keypoints is not None:
        flat = np.asarray(region.keypoints, float).ravel().tolist()
        keypoints = [value if math.isfinite(value) else None for value in flat]
    return RegionRecord(
        annotation_id=region.annotation_id,
        box=(x1, y1, x2 - x1, y2 - y1),
        mask=mask,
        keypoints=keypoints,
        source=region.source,
    )


def decode_region(record: RegionRecord) -> Region:
    """The region of a record, as :func:`encode_region` makes it.

    A box with None among its coordinates comes back as not finite: whoever anonymizes it must hide the whole image.

    Raises
    ------
    UserError
        If the mask is not a valid RLE of its size, or the keypoints are not triples.
    """
    box = np.array(record.box, float)
    box[2:] += box[:2]
    keypoints = None
    if record.keypoints is not None:
        if len(record.keypoints) % 3:
            raise _broken(record, "its keypoints are not a flat list of x, y, visibility")
        keypoints = np.array(record.keypoints, float).reshape(-1, 3)
    mask = None
    if record.mask is not None:
        try:
            mask = decode_mask(record.mask.model_dump())
        except ValueError as error:
            raise _broken(record, str(error)) from None
    return Region(box, mask, keypoints, record.source, record.annotation_id)


def _broken(record: RegionRecord, reason: str) -> UserError:
    return UserError(
        f"The region of annotation {record.annotation_id} is damaged: {reason}.",
        "Delete the dataset's region file and run the workflow again.",
    )
