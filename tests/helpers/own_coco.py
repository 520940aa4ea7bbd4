"""Writes small COCO datasets of a user's own, as wrong as a test wants them."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from anonbench.config.plugins import FORMATS
from anonbench.datasets.prepare import prepare

WIDTH, HEIGHT = 160, 120
ORIENTATION = 0x0112
PEOPLE = {"id": 1, "name": "person"}
BOX = [60, 20, 40, 90]
OUTLINE = [[60, 20, 100, 20, 100, 110, 60, 110]]


def photo(kind: str = "PNG", size: tuple[int, int] = (WIDTH, HEIGHT), orientation: int = 1, **options: Any) -> bytes:
    """An encoded image of a gradient."""
    exif = Image.Exif()
    if orientation != 1:
        exif[ORIENTATION] = orientation
    rows, columns = np.mgrid[: size[1], : size[0]]
    pixels = np.stack([columns, rows, np.full_like(rows, 80)], -1).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, exif=exif, **options)
    return out.getvalue()


def person(image: int, **changes: Any) -> dict[str, Any]:
    """A well annotated person in the image with that id; keys that are None are left out."""
    record = {"image_id": image, "category_id": 1, "bbox": BOX, "area": 3600, "iscrowd": 0, "segmentation": OUTLINE}
    return {key: value for key, value in (record | changes).items() if value is not ...}


def listed(number: int, name: str, **changes: Any) -> dict[str, Any]:
    """An image's record."""
    record = {"id": number, "file_name": name, "width": WIDTH, "height": HEIGHT}
    return {key: value for key, value in (record | changes).items() if value is not ...}


class Own:
    """A split ``train`` below ``root``; ``val`` is the same.

    Parameters
    ----------
    root
        Receives ``images/`` and ``labels.json``.
    annotations
        COCO's records, with or without ids.
    images
        The files by name; by default a PNG for each image that an annotation names.
    records
        COCO's records of the images; by default one for each file, with ids from 1.
    categories
        COCO's records of the categories.
    """

    def __init__(
        self,
        root: Path,
        annotations: Sequence[dict[str, Any]],
        images: dict[str, bytes] | None = None,
        records: Sequence[dict[str, Any]] | None = None,
        categories: Sequence[dict[str, Any]] = (PEOPLE,),
    ) -> None:
        self.root, self.images, self.labels = root, root / "images", root / "labels.json"
        if images is None:
            images = {f"{number}.png": photo() for number in range(1, max(a["image_id"] for a in annotations) + 1)}
        for name, data in images.items():
            path = self.images / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if records is None:
            records = [listed(number, name) for number, name in enumerate(images, 1)]
        content = {"images": list(records), "annotations": list(annotations), "categories": list(categories)}
        self.labels.write_text(json.dumps(content))

    def config(self, **keys: Any) -> dict[str, Any]:
        """The dataset's entry in a configuration."""
        place = {"images": str(self.images), "annotations": str(self.labels)}
        return {"format": "coco", "splits": {"train": place, "val": place}, **keys}

    def convert(self, **keys: Any) -> dict[str, Any]:
        """Convert the split with these keys of the configuration; the written JSON."""
        out = self.root / "out"
        prepare(FORMATS.create("coco", self.config(**keys)), "train", {}, out / "train", out / "train.json", "own")
        return json.loads((out / "train.json").read_text())
