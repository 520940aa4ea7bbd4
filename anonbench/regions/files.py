"""The region file of a split: read, checked, and its records turned into `Region` and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.common.images import MAX_PIXELS
from anonbench.regions.region import Region

_IMAGE_KEYS = ("image_id", "file_name", "width", "height", "regions")


def read_regions(path: Path | str) -> dict[str, Any]:
    """Read ``resources/regions/{dataset}/{split}/{region}.json`` and check its form, not yet its records.

    Raises
    ------
    UserError
        If the file is missing, is not JSON, or lacks a key of the contract.
    """
    value = read_json(path)
    if not isinstance(value, dict) or not isinstance(value.get("images"), list):
        raise _broken(path, "it has no list `images`")
    for key in ("dataset", "split", "region"):
        if not isinstance(value.get(key), str):
            raise _broken(path, f"it has no text `{key}`")
    for image in value["images"]:
        if not isinstance(image, dict) or any(key not in image for key in _IMAGE_KEYS):
            raise _broken(path, f"an image lacks one of {', '.join(_IMAGE_KEYS)}")
        if not isinstance(image["regions"], list):
            raise _broken(path, f"`regions` of {image['file_name']} is not a list")
    return value


def encode_region(region: Region) -> dict[str, Any]:
    """The JSON record of a region: box xywh px, mask as compressed COCO RLE; what is not finite is null."""
    x1, y1, x2, y2 = np.asarray(region.box, float).tolist()
    mask = None
    if region.mask is not None:
        rle = coco_mask.encode(np.asfortranarray(region.mask, dtype=np.uint8))
        mask = {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}
    keypoints = None
    if region.keypoints is not None:
        keypoints = _to_json(np.asarray(region.keypoints, float).ravel().tolist())
    return {
        "annotation_id": region.annotation_id,
        "box": _to_json([x1, y1, x2 - x1, y2 - y1]),
        "mask": mask,
        "keypoints": keypoints,
        "source": region.source,
    }


def decode_region(record: dict[str, Any]) -> Region:
    """The region of a JSON record, as :func:`encode_region` writes it.

    A box with null or missing coordinates comes back as not finite: whoever anonymizes it must hide the whole image.

    Raises
    ------
    UserError
        If the mask is not a valid RLE of its size, or the keypoints are not triples.
    """
    box = np.full(4, np.nan)
    values = record.get("box")
    if isinstance(values, list) and len(values) == 4:
        box[:] = [np.nan if not isinstance(value, int | float) else value for value in values]
        box[2:] += box[:2]
    keypoints = record.get("keypoints")
    if keypoints is not None:
        try:
            keypoints = np.array(keypoints, dtype=float).reshape(-1, 3)
        except (TypeError, ValueError):
            raise _broken_record(record, "its keypoints are not a flat list of x, y, visibility") from None
    mask = None if record.get("mask") is None else _decode_mask(record)
    return Region(box, mask, keypoints, str(record.get("source", "annotated")), record.get("annotation_id"))


def _decode_mask(record: dict[str, Any]) -> np.ndarray:
    """(height, width) bool from a compressed COCO RLE.

    pycocotools' own decoder leaves memory uninitialised where the runs end too early, so the runs are read here: the
    format is a base-32 variable-length code, from the fourth run on as the difference to the run before last
    (rleFrString in cocoapi's maskApi.c).
    """
    rle = record["mask"]
    try:
        height, width = (int(side) for side in rle["size"])
        codes = np.frombuffer(rle["counts"].encode("ascii"), np.uint8).astype(np.int64) - 48
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _broken_record(record, "its mask is not a compressed RLE with size and counts") from None
    if not (0 < height and 0 < width and height * width <= MAX_PIXELS):
        raise _broken_record(record, f"its mask claims a size of {height} x {width}")
    if len(codes) == 0 or codes.min() < 0 or codes.max() > 63 or codes[-1] & 0x20:
        raise _broken_record(record, "its mask's counts are cut off or damaged")
    ends = np.flatnonzero(~codes & 0x20)
    starts = np.concatenate([[0], ends[:-1] + 1])
    if (ends - starts).max() > 6:
        raise _broken_record(record, "its mask's counts are damaged")
    shifts = 5 * (np.arange(len(codes)) - np.repeat(starts, ends - starts + 1))
    runs = np.add.reduceat((codes & 0x1F) << shifts, starts)
    runs -= np.where(codes[ends] & 0x10, 1 << (5 * (ends - starts + 1)), 0)
    runs[1::2] = np.cumsum(runs[1::2])
    # The first run stands alone: differences begin with the fourth number (index 3), which refers to the second.
    runs[2::2] = np.cumsum(runs[2::2])
    if runs.min() < 0 or runs.sum() != height * width:
        raise _broken_record(record, f"its mask's runs do not add up to {height} x {width}")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def _to_json(values: list[float]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in values]


def _broken(path: Path | str, reason: str) -> UserError:
    return UserError(f"The region file {path} is damaged: {reason}.", "Delete it and run the workflow again.")


def _broken_record(record: dict[str, Any], reason: str) -> UserError:
    return UserError(
        f"The region of annotation {record.get('annotation_id')} is damaged: {reason}.",
        "Delete the dataset's region file and run the workflow again.",
    )
