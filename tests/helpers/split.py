"""A split on disk as the anonymizers find it: images, annotations, a region file, and the originals' manifest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from anonbench.anonymize.originals import check_originals
from anonbench.common.files import sha256_file, write_json
from anonbench.common.images import encode
from anonbench.common.records import write_record
from anonbench.regions.files import ImageRegions, RegionCounts, RegionFile, encode_region
from anonbench.regions.region import Region

# A person's image: its file name, its pixels (height, width, 3) uint8, and its regions.
People = Iterable[tuple[str, np.ndarray, list[Region]]]


def write_split(root: Path, people: People, **head: Any) -> dict[str, Path]:
    """Write file names, pixels and regions below ``root``; the arguments of ``Making`` that name them."""
    write_annotated(root, people, **head)
    return {"images_dir": root / "images", "originals": write_originals(root), "regions": root / "regions.json"}


def write_annotated(root: Path, people: People, **head: Any) -> None:
    """Write ``images/``, ``annotations.json`` and ``regions.json`` below ``root``."""
    images, regions = [], []
    for index, (name, pixels, found) in enumerate(people):
        path = root / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(pixels, path.suffix))
        entry = {"file_name": name, "width": pixels.shape[1], "height": pixels.shape[0]}
        images.append({"id": index, **entry, "sha256": sha256_file(path)})
        regions.append(ImageRegions(image_id=index, **entry, regions=[encode_region(region) for region in found]))
    write_json(root / "annotations.json", {"images": images})
    head = {"dataset": "toy", "split": "train", "region": "body", **head}
    everyone = sum(len(image.regions) for image in regions)
    counts = RegionCounts(people=everyone, regions=everyone)
    write_record(root / "regions.json", RegionFile(**head, images=regions, counts=counts))


def write_originals(root: Path) -> Path:
    """Write the variant ``original`` of what :func:`write_annotated` wrote; its manifest."""
    manifest = root / "original" / "manifest.json"
    check_originals(
        annotations=root / "annotations.json",
        images_dir=root / "images",
        manifest=manifest,
        dataset="toy",
        split="train",
    )
    return manifest
