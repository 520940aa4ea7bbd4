"""COCO's run-length encoded masks, checked before any native code decodes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from pycocotools import mask as coco_mask


def compressed(segmentation: Any, size: tuple[int, int]) -> dict[str, Any]:
    """An RLE mask in COCO's compressed form.

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
        If the size is not the image's or the runs do not fill it exactly.
    """
    width, height = size
    if not isinstance(segmentation, dict) or list(segmentation.get("size") or ()) != [height, width]:
        raise ValueError(f"the RLE mask's size is not the image's [{height}, {width}]")
    counts = segmentation.get("counts")
    if isinstance(counts, str):
        runs = _runs(counts)
    elif isinstance(counts, list) and all(type(run) is int for run in counts):
        runs = counts
    else:
        raise ValueError("the RLE mask's counts are neither a string nor a list of integers")
    if any(run < 0 for run in runs) or sum(runs) != width * height:
        raise ValueError("the RLE mask's runs do not add up to the image's pixels")
    if isinstance(counts, str):
        return {"size": [height, width], "counts": counts}
    encoded = coco_mask.frPyObjects({"size": [height, width], "counts": runs}, height, width)
    return {"size": [height, width], "counts": encoded["counts"].decode()}


def encode_mask(mask: np.ndarray) -> dict[str, Any]:
    """A (height, width) bool mask as ``{"size": [height, width], "counts": str}``."""
    encoded = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return {"size": [int(side) for side in encoded["size"]], "counts": encoded["counts"].decode("ascii")}


def mask_annotation(mask: np.ndarray) -> dict[str, Any]:
    """What a mask, (height, width) bool, says of an instance: ``bbox`` xywh px, ``area`` px and ``segmentation``."""
    encoded = encode_mask(mask)
    box = [float(value) for value in coco_mask.toBbox(encoded)]
    return {"bbox": box, "area": int(coco_mask.area(encoded)), "segmentation": encoded}


def _runs(counts: str) -> list[int]:
    """The runs in a compressed string: base-32 digits from character 48 on, least significant first.

    Bit 5 of a digit says that another follows, bit 4 of the last one is the sign, and from the fourth run on the number
    is the difference to the run before the previous one (described in pycocotools' maskApi.h).
    """
    runs: list[int] = []
    value, shift = 0, 0
    for character in counts:
        digit = ord(character) - 48
        if not 0 <= digit < 64 or shift > 30:
            raise ValueError("the RLE mask's counts are not a COCO RLE string")
        value |= (digit & 0x1F) << shift
        shift += 5
        if not digit & 0x20:
            if digit & 0x10:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value, shift = 0, 0
    if shift:
        raise ValueError("the RLE mask's counts are cut off")
    return runs
