"""A tiny split in the common form, drawn with numpy: bright upright boxes as people on noise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from anonbench.anonymize.originals import check_originals
from anonbench.common.files import sha256_file, write_json
from anonbench.variants.variant_images import VariantFiles

KEYPOINTS = ["head", "left_hand", "right_hand", "left_foot", "right_foot"]
PERSON, DOG = 7, 3  # category ids with gaps, not in the order of the list


def write_split(folder: Path, images: int = 4, seed: int = 0, masks: bool = True) -> tuple[Path, VariantFiles]:
    """Write ``images`` images of odd sizes; their annotations and their originals. The last image shows nobody."""
    rng = np.random.default_rng(seed)
    records, annotations = [], []
    for image_id in range(1, images + 1):
        width, height = 91 + 6 * image_id, 75
        pixels = rng.integers(0, 90, (height, width, 3), dtype=np.uint8)
        if image_id < images:
            x, y, w, h = 10 + 3 * image_id, 12, 24, 48
            pixels[y : y + h, x : x + w] = (230, 200, 40)
            keypoints = [x + w / 2, y, 2, x, y + h / 2, 2, x + w, y + h / 2, 1, x, y + h, 2, 0, 0, 0]
            annotations.append(_annotation(len(annotations) + 1, image_id, PERSON, (x, y, w, h), (height, width)))
            annotations[-1].update(keypoints=keypoints, num_keypoints=4)
            dog = (60, 50, 20, 14)
            pixels[50:64, 60:80] = (20, 60, 220)
            annotations.append(_annotation(len(annotations) + 1, image_id, DOG, dog, (height, width)))
        name = f"sub folder/im {image_id}.png"
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        size = {"width": width, "height": height}
        records.append({"id": 10 * image_id, "file_name": name, **size, "sha256": sha256_file(path)})
    crowd = _annotation(len(annotations) + 1, 1, PERSON, (70, 5, 15, 30), (75, 97))
    annotations.append({**crowd, "iscrowd": 1})
    if not masks:
        for annotation in annotations:
            del annotation["segmentation"]
    categories = [
        {"id": DOG, "name": "dog", "supercategory": "animal", "is_person": False},
        {
            "id": PERSON,
            "name": "odd person",
            "supercategory": "person",
            "is_person": True,
            "keypoints": KEYPOINTS,
            "skeleton": [[1, 2], [1, 3]],
            "sigmas": [0.05] * 5,
        },
    ]
    split = {
        "info": {"dataset": "toy", "split": "train"},
        "images": records,
        "annotations": annotations,
        "categories": categories,
    }
    annotations, originals = folder / "split.json", folder / "images"
    manifest = folder / "original" / "manifest.json"
    write_json(annotations, split)
    check_originals(annotations=annotations, images_dir=originals, manifest=manifest, dataset="toy", split="train")
    return annotations, VariantFiles(manifest=manifest, originals=originals)


def _annotation(number: int, image: int, category: int, box: tuple, size: tuple) -> dict:
    x, y, w, h = box
    mask = np.zeros(size, np.uint8, order="F")
    mask[y : y + h, x : x + w] = 1
    rle = coco_mask.encode(mask)
    polygon = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    return {
        "id": number,
        "image_id": 10 * image,
        "category_id": category,
        "bbox": list(box),
        "area": w * h,
        "iscrowd": 0,
        "segmentation": polygon if number % 2 else {"size": list(rle["size"]), "counts": rle["counts"].decode()},
    }
