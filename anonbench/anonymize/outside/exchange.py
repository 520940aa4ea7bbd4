"""What a user's command is given: a folder of images, and a file of regions for each of them.

docs/external.md describes the format. ``VERSION`` counts its changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from anonbench.anonymize.originals import read_verified
from anonbench.common.files import sha256_of, write_bytes, write_json
from anonbench.regions.files import decode_region
from anonbench.regions.footprint import Footprint, footprint
from anonbench.regions.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from anonbench.anonymize.base import Assignment

VERSION = 1


def write_exchange(given: Assignment, images: Path, regions: Path, grow: Callable[[float], int]) -> list[str]:
    """Copy the images that have something to replace, and write their region files; returns the images' names.

    They are copies, so that a command that writes in place reaches no original.

    Parameters
    ----------
    given
        The job's images and what their keypoints are called.
    images, regions
        Folders to fill: ``{file_name}`` and ``{file_name}.json``.
    grow
        From a region's longer side in px to the px by which it grows.

    Raises
    ------
    UserError
        If an image is missing or is not the one that was annotated.
    """
    names = []
    for job in given.jobs:
        shape = job.size[::-1]
        found = [decode_region(record) for record in job.records]
        prints = [(region, footprint(region, shape, grow)) for region in found]
        described = [describe(region, print_, shape) for region, print_ in prints if not print_.problem]
        if not described:
            continue
        write_bytes(images / job.file_name, read_verified(job.source, job.sha256))
        seed = int(sha256_of(f"{job.seed} {job.file_name}".encode())[:8], 16) >> 1
        head = {"version": VERSION, "file_name": job.file_name, "width": job.size[0], "height": job.size[1]}
        what = {"region": given.region, "seed": seed, "keypoint_names": given.keypoint_names, "regions": described}
        write_json(regions / f"{job.file_name}.json", head | what)
        names.append(job.file_name)
    return names


def describe(region: Region, print_: Footprint, shape: tuple[int, int]) -> dict[str, Any]:
    """A region as a built-in method gets it: box xywh px, outline and grown mask as RLE, keypoints, and its source."""
    x1, y1, x2, y2 = print_.box.tolist()
    keypoints = None
    if region.keypoints is not None:
        finite = np.isfinite(region.keypoints).all(1, keepdims=True)
        keypoints = np.where(finite, region.keypoints, 0.0).ravel().tolist()
    return {
        "annotation_id": region.annotation_id,
        "source": region.source,
        "exact": region.is_exact,
        "box": [x1, y1, x2 - x1, y2 - y1],
        "outline": _rle(print_.outline, print_, shape),
        "mask": _rle(print_.mask, print_, shape),
        "keypoints": keypoints,
    }


def _rle(part: np.ndarray, print_: Footprint, shape: tuple[int, int]) -> dict[str, Any]:
    """COCO's uncompressed RLE of the whole image: lengths of runs of 0 and 1 in turn, down the columns."""
    whole = np.zeros(shape, bool)
    whole[print_.window] = part
    pixels = whole.ravel(order="F")
    changes = np.flatnonzero(np.diff(pixels)) + 1
    counts = np.diff(np.concatenate([[0], changes, [pixels.size]])).tolist()
    return {"size": list(shape), "counts": [0, *counts] if pixels[0] else counts}
