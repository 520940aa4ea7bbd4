"""What a user's command gets: a folder of images, and a file of regions for each of them.

docs/external.md describes the format. ``VERSION`` counts its changes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from anonbench.anonymize.method import Assignment
from anonbench.common.files import sha256_of, write_bytes, write_json
from anonbench.common.images import read_verified
from anonbench.common.rle import uncompressed_rle
from anonbench.regions.footprint import Footprint, footprint
from anonbench.regions.region import Region

VERSION = 1


def write_exchange(assignment: Assignment, images: Path, regions: Path, grow: Callable[[float], int]) -> list[str]:
    """Copy the images that have something to replace, and write their region files; returns the images' names.

    They are copies, so that a command that writes in place reaches no original.

    Parameters
    ----------
    assignment
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
    for job in assignment.jobs:
        shape = job.size[::-1]
        located = [(region, footprint(region, shape, grow)) for region in job.regions()]
        described = [describe(region, found, shape) for region, found in located if not found.problem]
        if not described:
            continue
        write_bytes(images / job.file_name, read_verified(job.source, job.sha256))
        seed = int(sha256_of(f"{job.seed} {job.file_name}".encode())[:8], 16) >> 1
        head = {"version": VERSION, "file_name": job.file_name, "width": job.size[0], "height": job.size[1]}
        what = {
            "region": assignment.region,
            "seed": seed,
            "keypoint_names": assignment.keypoint_names,
            "regions": described,
        }
        write_json(regions / f"{job.file_name}.json", head | what)
        names.append(job.file_name)
    return names


def describe(region: Region, found: Footprint, shape: tuple[int, int]) -> dict[str, Any]:
    """A region as a built-in method gets it: box xywh px, outline and grown mask as RLE, keypoints, and its source."""
    x1, y1, x2, y2 = found.box.tolist()
    keypoints = None
    if region.keypoints is not None:
        finite = np.isfinite(region.keypoints).all(1, keepdims=True)
        keypoints = np.where(finite, region.keypoints, 0.0).ravel().tolist()
    return {
        "annotation_id": region.annotation_id,
        "source": region.source,
        "exact": region.is_exact,
        "box": [x1, y1, x2 - x1, y2 - y1],
        "outline": _rle(found.outline, found, shape),
        "mask": _rle(found.mask, found, shape),
        "keypoints": keypoints,
    }


def _rle(part: np.ndarray, found: Footprint, shape: tuple[int, int]) -> dict[str, Any]:
    """A part of the footprint's window as an uncompressed RLE of the whole image."""
    whole = np.zeros(shape, bool)
    whole[found.window] = part
    return uncompressed_rle(whole)
