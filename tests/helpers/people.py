"""Small drawn people, and generators of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from anonbench.common.files import sha256_file, write_bytes, write_json
from anonbench.common.images import encode
from anonbench.common.records import write_record
from anonbench.config.generators import GeneratorConfig
from anonbench.config.plugins import KINDS
from anonbench.generators.crops import Crops, read_crops
from anonbench.generators.files import build, write_generator
from anonbench.generators.kind import Kind
from anonbench.generators.shape import Shape
from anonbench.generators.splits import SplitFiles
from anonbench.generators.train import train_generator
from anonbench.generators.training import Training
from anonbench.regions.files import ImageRegions, RegionFile, encode_region
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
    """The files of a split of drawn people with its regions (:func:`split_of`)."""
    rng = np.random.default_rng(seed)
    records, found = [], []
    for index in range(images):
        regions = [person(int(rng.integers(25, 45)), 10, 70), person(int(rng.integers(80, 105)), 20, 60)]
        name = f"im {index}.png"
        write_bytes(folder / "images" / name, encode(picture(regions, rng), ".png"))
        entry = {"file_name": name, "width": WIDTH, "height": HEIGHT}
        records.append({"id": index + 1, **entry, "sha256": sha256_file(folder / "images" / name)})
        found.append(ImageRegions(image_id=index + 1, **entry, regions=[encode_region(region) for region in regions]))
    category = {"id": 1, "name": "person", "is_person": True, "keypoints": NAMES}
    write_json(folder / "split.json", {"images": records, "annotations": [], "categories": [category]})
    write_record(
        folder / "regions.json",
        RegionFile(dataset="drawn", split="train", region="body", keypoint_names=NAMES, images=found),
    )
    return {
        "annotations": folder / "split.json",
        "regions": folder / "regions.json",
        "images_dir": folder / "images",
    }


def split_of(files: dict[str, Path]) -> SplitFiles:
    """The same as a record."""
    return SplitFiles(files["annotations"], files["regions"], files["images_dir"])


def crops_of(files: dict[str, Path], size: tuple[int, int], names: Sequence[str] = ()) -> Crops:
    """The people of :func:`write_people` at this width and height, with these of their keypoints."""
    return read_crops([split_of(files)], size, names)


def generator_config(kind: str = "style_unet", **changes: Any) -> GeneratorConfig:
    """A generator that learns twelve people in four epochs of three steps."""
    size = {"region": "body", "width": 32, "height": 64, "channels": 4}
    duration = {"epochs": 4, "batch": 4, "snapshot_every": 2, "max_people": 100, "seed": 3}
    used = {"kind": kind, "learns": {"dataset": "drawn"}, "serves": ["drawn"]}
    return KINDS.config(kind, used | size | duration | changes)


def train(files: dict[str, Path], out: Path, kind: str | Kind = "style_unet", **changes: Any) -> Path:
    """The folder of a generator that was trained on the CPU; ``changes`` are keys of its configuration."""
    chosen = kind if isinstance(kind, Kind) else KINDS.create(kind, generator_config(kind, **changes))
    train_generator(chosen, [split_of(files)], out_dir=out, device="cpu", precision="float32", threads=1)
    return out


def untrained(path: Path, kind: str = "style_unet", names: Sequence[str] = NAMES, seed: int = 0) -> Path:
    """The file of a generator with random weights, large enough for pictures that are not all one gray."""
    shape = Shape(kind=kind, region="body", width=32, height=64, channels=8, keypoint_names=names)
    torch.manual_seed(seed)
    generator = build(shape)
    with torch.no_grad():
        for parameter in generator.parameters():
            parameter *= 2
    write_generator(path, generator, shape)
    return path


def watched(kind: str, before_step: Callable[..., None], **changes) -> Kind:
    """A kind of generator whose training calls ``before_step`` with a step's arguments."""

    class Watched(KINDS[kind]):
        def training(self, *args) -> Training:
            training = super().training(*args)
            step = training.step

            def watching(*inputs):
                before_step(*inputs)
                return step(*inputs)

            training.step = watching
            return training

    return Watched(generator_config(kind, **changes))
