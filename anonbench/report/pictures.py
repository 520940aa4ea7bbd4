"""Pictures for the report: training images before and after, and what generators make."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.files import MAKE_AGAIN, read_made
from anonbench.common.images import decode
from anonbench.common.records import read_record
from anonbench.variants.manifest import Manifest
from anonbench.variants.variant_images import VariantFiles, VariantImages

IMAGES = 3  # of every dataset
SIDE = 640  # px of an image's longer side, at most
QUALITY = 80  # of WebP
REGIONS = 3  # an image with so many shows a method well, and each of them is still large


@dataclass(frozen=True)
class Pair:
    """An image of a variant: its title and its data URI."""

    variant: str
    source: str


@dataclass(frozen=True)
class Before:
    """A training image and what each variant makes of it; ``source`` is a data URI, sizes are in px."""

    name: str
    source: str
    width: int
    height: int
    after: Sequence[Pair]


@dataclass(frozen=True)
class Gallery:
    """Some training images of a dataset; ``rendered`` where no real person is in them."""

    dataset: str
    rendered: bool
    images: Sequence[Before]


@dataclass(frozen=True)
class GeneratorSheet:
    """A trained generator: its sample sheet as a data URI, and its snapshots as plain values (``log.json``).

    ``source`` is empty where the sheet is not shown. ``photographs`` names the dataset of whose people it holds
    photographs, and is empty where they are rendered.
    """

    name: str
    source: str
    photographs: str
    people: int
    steps: int
    snapshots: Sequence[Mapping[str, Any]]


def gallery(dataset: str, rendered: bool, variants: Mapping[str, VariantFiles]) -> Gallery:
    """Before and after, for the images that most variants change.

    Parameters
    ----------
    dataset
        Its name.
    rendered
        Whether its images are drawn.
    variants
        Where each variant's training images are, by the variant's name.

    Raises
    ------
    UserError
        If an image is not as it was anonymized: none is shown as its original.
    """
    chosen = _chosen([read_record(Manifest, files.manifest) for files in variants.values()])
    readers = {name: VariantImages(files) for name, files in variants.items()}
    images = []
    for name in chosen:
        before = decode(next(iter(variants.values())).originals / name)
        after = [Pair(variant, uri(one.read(name))) for variant, one in readers.items() if one.is_edited(name)]
        height, width = _scaled(before, SIDE).shape[:2]
        images.append(Before(name, uri(before), width, height, after))
    return Gallery(dataset, rendered, images)


def _chosen(manifests: Sequence[Manifest]) -> list[str]:
    """The images that most variants change; of these, those with about as many regions as show well, in order."""
    changed = Counter(entry.file_name for manifest in manifests for entry in manifest.images if entry.edit)
    regions: Counter[str] = Counter()
    for manifest in manifests:
        for entry in manifest.images:
            regions[entry.file_name] = max(regions[entry.file_name], entry.regions)
    order = sorted(changed, key=lambda name: (-changed[name], abs(regions[name] - REGIONS), name))
    return order[:IMAGES]


def generator_sheet(name: str, samples: Path, log: Path, photographs: str = "", hide: bool = False) -> GeneratorSheet:
    """What a trained generator left.

    Parameters
    ----------
    name
        Its name.
    samples, log
        Its files.
    photographs
        As in :class:`GeneratorSheet`.
    hide
        Whether such photographs are left out.

    Raises
    ------
    UserError
        If a file is missing or damaged.
    """
    found = read_made(log)
    try:
        source = "" if photographs and hide else uri(decode(samples))
        return GeneratorSheet(name, source, photographs, found["people"], found["steps"], found["snapshots"])
    except (KeyError, TypeError):
        raise UserError(f"{log} is not the log of a generator.", MAKE_AGAIN) from None


def training_curve(scalars: Path, points: int = 60) -> list[tuple[int, float]]:
    """Step and loss of a model's training, as means over equal stretches.

    Raises
    ------
    UserError
        If the file is missing or damaged.
    """
    try:
        lines = [json.loads(line) for line in scalars.read_text(encoding="utf-8").splitlines() if line]
        logged = [(step, float(line["loss"])) for step, line in enumerate(lines, 1) if "loss" in line]
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{scalars} cannot be read ({error}).", MAKE_AGAIN) from None
    parts = np.array_split(np.array(logged).reshape(-1, 2), min(points, max(1, len(logged))))
    return [(int(part[-1, 0]), float(part[:, 1].mean())) for part in parts if len(part)]


def _scaled(image: np.ndarray, side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    return cv2.resize(image, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)


def uri(image: np.ndarray, side: int | None = None) -> str:
    """An RGB image as a data URI, scaled down to so many px on its longer side, :data:`SIDE` unless given."""
    bgr = cv2.cvtColor(_scaled(image, side or SIDE), cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1].tobytes()
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"
