"""A split on disk as the anonymizers find it: images, annotations, a region file, and the original variant."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from anonbench.anonymize.originals import write_originals
from anonbench.common.files import sha256_file, write_json
from anonbench.common.images import encode
from anonbench.regions.files import encode_region
from anonbench.regions.region import Region


def write_split(root: Path, people: Iterable[tuple[str, np.ndarray, list[Region]]], **head: Any) -> dict[str, Path]:
    """Write file names, pixels and regions below ``root``; ``originals`` and ``regions`` for `write_variant`."""
    images, regions = [], []
    for index, (name, pixels, found) in enumerate(people):
        path = root / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(pixels, path.suffix))
        entry = {"file_name": name, "width": pixels.shape[1], "height": pixels.shape[0]}
        images.append({"id": index, **entry, "sha256": sha256_file(path)})
        regions.append({"image_id": index, **entry, "regions": [encode_region(region) for region in found]})
    write_json(root / "annotations.json", {"images": images})
    write_json(root / "regions.json", {"dataset": "toy", "split": "train", "region": "body", **head, "images": regions})
    write_originals(
        annotations=root / "annotations.json",
        images_dir=root / "images",
        out_dir=root / "original" / "images",
        manifest=root / "original" / "manifest.json",
        dataset="toy",
        split="train",
    )
    return {"originals": root / "original" / "manifest.json", "regions": root / "regions.json"}
