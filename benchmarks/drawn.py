"""Drawn images in the common form, with as many people and objects as real datasets have; for timing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from anonbench.anonymize.originals import check_originals
from anonbench.common.files import sha256_file, write_json
from anonbench.variants.variant_images import VariantFiles


@dataclass(frozen=True)
class Work:
    """A line of the table: a config and its batch, and what its images are like."""

    config: str
    batch: int
    size: tuple[int, int] = (640, 480)
    people: int = 7
    classes: int = 80
    images: int = 32


def write_split(folder: Path, work: Work) -> tuple[Path, VariantFiles]:
    """Annotations in the common form, and originals."""
    rng, annotations = np.random.default_rng(0), []
    width, height = work.size
    pose = work.config.startswith("td-hm")
    joints = 17 if pose else 0
    for image in range(work.images):
        coarse = rng.integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
        pixels = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.int16)
        pixels += rng.normal(0, 6, pixels.shape).astype(np.int16)
        cv2.imwrite(str(folder / f"{image}.jpg"), pixels.clip(0, 255).astype(np.uint8))
        for _ in range(work.people):
            h = float(np.exp(rng.uniform(np.log(0.08), np.log(0.8))) * height)
            w = min(h * rng.uniform(0.4, 1.2), width * 0.8)
            x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
            around = np.linspace(0, 2 * np.pi, 24, endpoint=False)
            outline = np.stack([x + w / 2 + w / 2 * np.cos(around), y + h / 2 + h / 2 * np.sin(around)], 1)
            keypoints = rng.uniform((x, y), (x + w, y + h), (joints, 2))
            flat = [float(v) for k in keypoints for v in (*k, 2)]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": 1 if pose else int(rng.integers(work.classes)) + 1,
                    "bbox": [x, y, w, h],
                    "area": w * h,
                    "iscrowd": 0,
                    "segmentation": [outline.flatten().tolist()],
                    **({"keypoints": flat, "num_keypoints": joints} if pose else {}),
                }
            )
    categories = [{"id": i + 1, "name": f"class {i}"} for i in range(1 if pose else work.classes)]
    if pose:
        names = ["nose", *(f"{side}_{i}" for i in range(8) for side in ("left", "right"))]
        categories[0].update(keypoints=names, sigmas=[0.1] * joints, is_person=True)
    size = {"width": width, "height": height}
    records = [
        {"id": i, "file_name": f"{i}.jpg", **size, "sha256": sha256_file(folder / f"{i}.jpg")}
        for i in range(work.images)
    ]
    split = {"info": {"dataset": "drawn"}, "images": records, "annotations": annotations, "categories": categories}
    write_json(folder / "split.json", split)
    return folder / "split.json", listed(folder, folder / "split.json")


def listed(folder: Path, annotations: Path) -> VariantFiles:
    """The images of a folder as a variant; its manifest is written."""
    files = VariantFiles(manifest=folder / "original" / "manifest.json", originals=folder)
    check_originals(annotations=annotations, images_dir=folder, manifest=files.manifest, dataset="drawn", split="train")
    return files
