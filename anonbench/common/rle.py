"""COCO's run-length encoded masks: the one decoder, which trusts nothing that it reads, and the one encoder.

An RLE lists the lengths of runs of 0 and 1 in turn, down the columns. Uncompressed, ``counts`` is the list itself;
compressed, it is a string of base-32 digits (``rleToString`` in cocoapi's maskApi.c). Masks come from outside, and
pycocotools trusts them: its decoder leaves memory uninitialised where the runs end too early. So size and runs are
checked here before any native code sees them and before memory is allocated for a mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from anonbench.common.images import MAX_PIXELS

# Of a run in a compressed string. Seven hold 34 bits and a sign, more than any mask needs.
_MAX_DIGITS = 7


def encode_mask(mask: np.ndarray) -> dict[str, Any]:
    """A (height, width) bool mask as compressed RLE: ``{"size": [height, width], "counts": str}``."""
    encoded = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return _plain(encoded)


def encode_polygons(polygons: list[list[float]], size: tuple[int, int]) -> dict[str, Any]:
    """The union of polygons as compressed RLE, as COCO's own tools draw them.

    Parameters
    ----------
    polygons
        Each is a flat list of x, y px with at least three points.
    size
        (width, height) of the image in px.
    """
    width, height = size
    return _plain(coco_mask.merge(coco_mask.frPyObjects(polygons, height, width)))


def decode_mask(segmentation: Any) -> np.ndarray:
    """The mask of an RLE, compressed or not, as (height, width) bool.

    Raises
    ------
    ValueError
        If it is not an RLE, its size is beyond any image's, or its runs do not fill its size exactly.
    """
    height, width, runs = _checked(segmentation)
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def compressed(segmentation: Any, size: tuple[int, int]) -> dict[str, Any]:
    """An RLE, compressed or not, in its compressed form, fit for native code.

    Parameters
    ----------
    segmentation
        ``{"size": [height, width], "counts": [ints] or str}``.
    size
        (width, height) of the image in px.

    Returns
    -------
    dict
        ``{"size": [height, width], "counts": str}``.

    Raises
    ------
    ValueError
        If it is not an RLE, its size is not the image's, or its runs do not fill the image exactly.
    """
    width, height = size
    claimed = segmentation.get("size") if isinstance(segmentation, dict) else None
    if not isinstance(claimed, list | tuple) or list(claimed) != [height, width]:
        raise ValueError(f"the RLE mask's size is not the image's [{height}, {width}]")
    _, _, runs = _checked(segmentation)
    if isinstance(segmentation["counts"], str):
        return {"size": [height, width], "counts": segmentation["counts"]}
    return _plain(coco_mask.frPyObjects({"size": [height, width], "counts": runs.tolist()}, height, width))


def uncompressed_rle(mask: np.ndarray) -> dict[str, Any]:
    """A (height, width) bool mask as uncompressed RLE: ``{"size": [height, width], "counts": [ints]}``."""
    pixels = mask.ravel(order="F")
    changes = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff(np.concatenate([[0], changes, [pixels.size]])).tolist()
    return {"size": list(mask.shape), "counts": [0, *counts] if pixels[0] else counts}


def box_of(encoded: dict[str, Any]) -> list[float]:
    """The box, [x, y, width, height] px, of a mask that this module encoded."""
    return [float(value) for value in coco_mask.toBbox(encoded)]


def area_of(encoded: dict[str, Any]) -> int:
    """The number of pixels of a mask that this module encoded."""
    return int(coco_mask.area(encoded))


def mask_annotation(mask: np.ndarray) -> dict[str, Any]:
    """What a mask, (height, width) bool, says of an instance: ``bbox`` xywh px, ``area`` px and ``segmentation``."""
    encoded = encode_mask(mask)
    return {"bbox": box_of(encoded), "area": area_of(encoded), "segmentation": encoded}


def _plain(encoded: dict[str, Any]) -> dict[str, Any]:
    """pycocotools' RLE as JSON knows it."""
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def _checked(segmentation: Any) -> tuple[int, int, np.ndarray]:
    """Height, width and runs, (R,) int64, of an RLE from outside, once they fit together."""
    size = segmentation.get("size") if isinstance(segmentation, dict) else None
    if not isinstance(size, list | tuple) or len(size) != 2 or any(type(side) is not int for side in size):
        raise ValueError("the RLE mask has no size [height, width]")
    height, width = size
    if not (0 < height and 0 < width and height * width <= MAX_PIXELS):
        raise ValueError(f"the RLE mask claims a size of {height} x {width} px")
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        runs = _runs(counts)
    elif isinstance(counts, list) and all(type(run) is int and 0 <= run <= MAX_PIXELS for run in counts):
        runs = np.array(counts, np.int64)
    else:
        raise ValueError("the RLE mask's counts are neither a string nor a list of lengths")
    # A run that is too long is refused before the sum, which could overflow.
    if len(runs) == 0 or runs.min() < 0 or runs.max() > height * width or runs.sum() != height * width:
        raise ValueError(f"the RLE mask's runs do not add up to {height} x {width} px")
    return height, width, runs


def _runs(counts: str) -> np.ndarray:
    """The runs in a compressed string, (R,) int64; they may be negative.

    A digit is a character from 48 on, and a run's least significant digit comes first. Bit 5 says that another digit
    follows, bit 4 of the last one is the sign. From the fourth run on, a number is the difference to the run before the
    previous one.
    """
    try:
        codes = np.frombuffer(counts.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        raise ValueError("the RLE mask's counts are not a COCO RLE string") from None
    if len(codes) and (codes.min() < 0 or codes.max() > 63):
        raise ValueError("the RLE mask's counts are not a COCO RLE string")
    if len(codes) == 0 or codes[-1] & 0x20:
        raise ValueError("the RLE mask's counts are cut off")
    ends = np.flatnonzero(~codes & 0x20)
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > _MAX_DIGITS:
        raise ValueError("the RLE mask's counts are not a COCO RLE string")
    shifts = 5 * (np.arange(len(codes)) - np.repeat(starts, lengths))
    runs = np.add.reduceat((codes & 0x1F) << shifts, starts)
    runs -= np.where(codes[ends] & 0x10, 1 << (5 * lengths), 0)
    runs[1::2] = np.cumsum(runs[1::2])
    # The first run stands alone: differences begin with the fourth number (index 3), which refers to the second.
    runs[2::2] = np.cumsum(runs[2::2])
    return runs
