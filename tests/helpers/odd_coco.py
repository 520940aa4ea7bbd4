"""Builds a small COCO dataset with every oddity that users' own datasets have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, PngImagePlugin
from pycocotools import mask as coco_mask

from anonbench.datasets.tables.coco_categories import COCO_SIGMAS

WIDTH, HEIGHT = 96, 64
SECRET = b"taken by Jane Doe"
ORIENTATION, DESCRIPTION = 0x0112, 0x010E
# Ids with gaps and out of order, and nobody is called "person".
CATEGORIES = [
    {"id": 17, "name": "bicycle", "supercategory": "vehicle"},
    {"id": 3, "name": "pedestrian", "keypoints": list(COCO_SIGMAS), "skeleton": [[16, 14], [14, 12]]},
    {"id": 90, "name": "dog", "supercategory": "animal"},
]
PERSON, BICYCLE, DOG = 3, 17, 90
FACE = [35, 10, 10, 10]  # the figure's; most annotations do not say where it is


def build_odd_coco(folder: Path) -> dict[str, Any]:
    """Write the splits ``train`` and ``val`` below ``folder``, 14 images each, and return the specification."""
    splits = {}
    for number, split in enumerate(("train", "val")):
        images = folder / f"{split} images"
        images.mkdir(parents=True)
        annotations = folder / f"{split} labels.json"
        annotations.write_text(json.dumps(_write(images, np.random.default_rng(number))))
        splits[split] = {"images": str(images), "annotations": str(annotations)}
    return {"format": "coco", "splits": splits, "people": ["pedestrian"], "categories": None, "sigmas": None}


def scene(rng: np.random.Generator) -> np.ndarray:
    """A person-like figure at (30..50, 10..55) px on a smooth random background, (height, width, 3) uint8 RGB."""
    image = cv2.resize(rng.integers(60, 200, (4, 6, 3), dtype=np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    cv2.rectangle(image, (33, 20), (47, 55), (20, 40, 160), -1)
    cv2.circle(image, (40, 15), 5, (230, 190, 160), -1)
    return image


def person(**changes: Any) -> dict[str, Any]:
    """The figure's annotation: box, polygon and COCO keypoints of which the ears and eyes are not labelled."""
    keypoints = []
    for place, name in enumerate(COCO_SIGMAS):
        side = -1 if name.startswith("left") else 1
        keypoints += [0, 0, 0] if name.endswith(("eye", "ear")) else [40 + 4 * side, 14 + 2.4 * place, 1 + place % 2]
    record = {
        "category_id": PERSON,
        "bbox": [32.5, 9.5, 15, 46],
        "area": 600.5,
        "iscrowd": 0,
        "segmentation": [[33, 20, 47, 20, 47, 55, 33, 55], [35, 10, 45, 10, 45, 20, 35, 20]],
        "keypoints": keypoints,
        "num_keypoints": 13,
    }
    return record | changes


def rle(compressed: bool) -> dict[str, Any]:
    """The figure's mask run-length encoded, in either of COCO's two ways."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8, order="F")
    mask[10:56, 33:48] = 1
    if compressed:
        return {"size": [HEIGHT, WIDTH], "counts": coco_mask.encode(mask)["counts"].decode()}
    changes = np.flatnonzero(np.diff(mask.ravel(order="F"))) + 1
    runs = np.diff([0, *changes, mask.size])
    return {"size": [HEIGHT, WIDTH], "counts": [int(run) for run in runs]}


def _write(folder: Path, rng: np.random.Generator) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []

    def add(name: str, *records: dict[str, Any], size: tuple[int, int] | None = (WIDTH, HEIGHT)) -> Path:
        image_id = 1000 - 7 * len(images)
        declared = {} if size is None else {"width": size[0], "height": size[1]}
        images.append({"id": image_id, "file_name": name, **declared})
        for record in records:
            annotations.append({"id": 5 + 3 * len(annotations), "image_id": image_id, **record})
        path = folder / name.replace("\\", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def picture() -> Image.Image:
        return Image.fromarray(scene(rng))

    exif = Image.Exif()
    exif[DESCRIPTION] = SECRET.decode()
    picture().save(add("a plain photo.jpg", person(), person(bbox=[80, 50, 40, 40])), exif=exif, comment=SECRET)
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET.decode())
    picture().save(add("sub folder/übung 1.PNG", person(segmentation=rle(True), face_box=FACE)), pnginfo=text)
    picture().convert("L").save(add("sub folder\\gray.jpg", person()))
    picture().convert("RGBA").save(add("sub folder/deeper/rgba.png", person(), {**person(), "category_id": BICYCLE}))
    picture().convert("CMYK").save(add("cmyk.jpg", person(face_box=FACE, face_valid=True)))
    picture().quantize(16).save(add("palette.png", person(), size=None))
    deep = scene(rng).astype(np.uint16) << 8
    cv2.imwrite(str(add("sixteen bits.png", person())), deep[:, :, 0] | 77)
    cv2.imwrite(str(add("sixteen bits colour.png", person())), deep | 77)
    exif[ORIENTATION] = 6
    # Viewers turn orientation 6 clockwise.
    lying = picture().transpose(Image.Transpose.ROTATE_90)
    lying.save(add("turned, as displayed.jpg", person()), exif=exif)
    # The dog would be outside the turned image.
    dog = {"category_id": DOG, "bbox": [70, 44, 20, 18], "segmentation": [[70, 44, 90, 44, 90, 62, 70, 62]]}
    picture().save(add("turned, as stored.jpg", person(), dog), exif=exif)
    picture().save(add("nobody.jpg"))
    crowd = person(iscrowd=1, segmentation=rle(False), keypoints=[], num_keypoints=0)
    picture().save(
        add(
            "crowd.jpeg",
            crowd,
            crowd | {"segmentation": rle(True)},
            person(bbox=[40, 20, 0, -3], segmentation=[]),
            {"category_id": DOG, "bbox": [5, 5, 0, 9]},
            {"category_id": DOG, "bbox": [5, 5, float("nan"), 9], "area": 3},
            {"category_id": DOG, "bbox": [5, 5, 12, 9], "segmentation": [[5, 5, 17, 5, 17, 14, 5, 14], [1, 1, 2, 2]]},
        )
    )
    picture().save(add("photo.webp", person()), lossless=True)
    picture().save(add("scan.tif", person()))
    return {"images": images, "annotations": annotations, "categories": CATEGORIES}
