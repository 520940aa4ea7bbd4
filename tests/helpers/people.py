"""Small drawn people, and untrained generators, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anonbench.common.files import sha256_file, write_bytes, write_json
from anonbench.common.images import encode
from anonbench.generators.files import Shape, build, write_generator
from anonbench.regions.files import encode_region
from anonbench.regions.region import Region

HEIGHT, WIDTH = 96, 128
NAMES = ["left_hand", "right_hand", "head"]


def person(x: int, y: int, height: int, shape: tuple[int, int] = (HEIGHT, WIDTH)) -> Region:
    """An upright person: an ellipse with a head, its keypoints, its mask."""
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    wide = height / 3
    trunk = ((cols - x) / (wide / 2)) ** 2 + ((rows - y - 0.6 * height) / (0.4 * height)) ** 2 <= 1
    head = (cols - x) ** 2 + (rows - y - 0.1 * height) ** 2 <= (0.1 * height) ** 2
    mask = trunk | head
    found = np.argwhere(mask)
    (top, left), (bottom, right) = found.min(0), found.max(0) + 1
    keypoints = np.array([[right, y + height / 2, 2], [left, y + height / 2, 2], [x, y + 0.1 * height, 2]], float)
    return Region(np.array([left, top, right, bottom], float), mask, keypoints)


def picture(regions: list[Region], rng: np.random.Generator) -> np.ndarray:
    """People in bright colours on a noisy ground."""
    image = rng.integers(60, 120, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    for region in regions:
        image[region.mask] = rng.integers(120, 255, 3)
    return image


def write_people(folder: Path, images: int = 6, seed: int = 0) -> dict[str, Any]:
    """A split of drawn people with its regions: the arguments of ``train_generator`` that name files."""
    rng = np.random.default_rng(seed)
    records, found = [], []
    for index in range(images):
        regions = [person(int(rng.integers(25, 45)), 10, 70), person(int(rng.integers(80, 105)), 20, 60)]
        name = f"im {index}.png"
        write_bytes(folder / "images" / name, encode(picture(regions, rng), ".png"))
        entry = {"file_name": name, "width": WIDTH, "height": HEIGHT}
        records.append({"id": index + 1, **entry, "sha256": sha256_file(folder / "images" / name)})
        found.append({"image_id": index + 1, **entry, "regions": [encode_region(region) for region in regions]})
    category = {"id": 1, "name": "person", "is_person": True, "keypoints": NAMES}
    write_json(folder / "split.json", {"images": records, "annotations": [], "categories": [category]})
    head = {"dataset": "drawn", "split": "train", "region": "body"}
    write_json(folder / "regions.json", {**head, "images": found})
    return {
        "annotations": folder / "split.json",
        "regions": folder / "regions.json",
        "images_dir": folder / "images",
    }


def untrained(path: Path, network: str = "style_unet", names: Sequence[str] = NAMES, seed: int = 0) -> Path:
    """The file of a generator with random weights, large enough for pictures that are not all one gray."""
    shape = Shape(network=network, region="body", width=32, height=64, channels=8, keypoint_names=names)
    torch.manual_seed(seed)
    generator = build(shape)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter *= 2
    write_generator(path, generator, shape)
    return path
