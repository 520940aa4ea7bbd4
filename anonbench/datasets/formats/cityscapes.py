"""Cityscapes: people and vehicles with masks."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from anonbench.common.errors import UserError
from anonbench.common.images import MAX_PIXELS
from anonbench.common.rle import encode_mask, mask_annotation
from anonbench.config.datasets import FilesConfig
from anonbench.datasets.archive import Archive, open_archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.members import require, under
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.sources import RemoteFile

# cityscapesscripts.helpers.labels: the classes with instances that are scored, by id.
CLASSES = {
    24: "person",
    25: "rider",
    26: "car",
    27: "truck",
    28: "bus",
    31: "train",
    32: "motorcycle",
    33: "bicycle",
}
_PEOPLE = ("person", "rider")
# ... and the values that its evaluation takes for void: labels with ignoreInEval, as they stand in the picture.
VOID = (0, 1, 2, 3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 29, 30)
_AGAIN = "Download the archive again."
_SEQUENCE = re.compile(r"(?:.*/)?(?P<sequence>.+_\d{6})_\d{6}_leftImg8bit\.png")
_LABELS = ("_gtFine_instanceIds.png", "_gtFine_polygons.json")
# Persons and riders are 1.1 % and 0.13 % of the fine annotations' pixels (m-birke/automotive-segmentation-datasets).
_SIZES = {
    split: SplitSize(images, pixels=2048 * 1024, bodies=0.012) for split, images in {"train": 2_975, "val": 500}.items()
}


def _login(name: str, size: int) -> RemoteFile:
    where = f"Register at https://www.cityscapes-dataset.com and download {name} from its page Downloads."
    return RemoteFile(name, (), size, None, login=where, exact=True)


class CityscapesConfig(FilesConfig):
    """Cityscapes, fine annotations: instance masks of people and vehicles."""

    format: Literal["cityscapes"]


class Cityscapes(Format):
    """Cityscapes, fine annotations: instance masks of people and vehicles in the streets of 50 cities.

    Cordts et al.: The Cityscapes Dataset for Semantic Urban Scene Understanding, CVPR 2016;
    https://www.cityscapes-dataset.com, format and labels after https://github.com/mcordts/cityscapesScripts. An
    annotator's polygons (``*_gtFine_polygons.json``) cover one another, later ones the earlier ones;
    ``*_gtFine_instanceIds.png`` is the official drawing of them and gives the masks, pixel by pixel: ``1000 * class +
    number`` for an instance, and the class alone for a group of people or vehicles that could not be told apart (in the
    polygons, a label such as ``persongroup``).

    Instances of the eight classes that the official evaluation scores become annotations, with Cityscapes' ids for
    categories; ``person`` and ``rider`` are people. All of a class's groups in an image are one crowd. An image's
    record has ``void``, the RLE mask of the pixels whose label the official evaluation ignores: it forgives detections
    in them. Its ``group`` is the city and the sequence, as the file's name gives them: images of one recording, so that
    statistics draw sequences, not images. Cities, of which val has three, are too few to draw.

    Split rule: the official one; ``train`` and ``val``. The test images' annotations are not public.
    """

    Config = CityscapesConfig
    config: CityscapesConfig
    FILES = {
        "images": _login("leftImg8bit_trainvaltest.zip", 11_592_327_197),
        "labels": _login("gtFine_trainvaltest.zip", 252_567_705),
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        return ("images", "labels")

    def people(self) -> tuple[str, ...]:
        return _PEOPLE

    def whole_size(self, split: str) -> SplitSize:
        # Only the annotations say how many people there are.
        return _SIZES[split]

    def load(self, split: str, files: dict[str, Path]) -> Split:
        with open_archive(files["images"]) as archive, open_archive(files["labels"]) as labels:
            images, drawn = under(archive, f"leftImg8bit/{split}/"), under(labels, f"gtFine/{split}/")
            images = {name: member for name, member in images.items() if name.endswith("_leftImg8bit.png")}
            chosen = [
                (
                    name,
                    member,
                    *(require(drawn, _label(name, kind), files["labels"], files["images"]) for kind in _LABELS),
                )
                for name, member in images.items()
            ]
            for name in drawn:
                if name.endswith(_LABELS[0]):
                    require(
                        images, name.removesuffix(_LABELS[0]) + "_leftImg8bit.png", files["images"], files["labels"]
                    )
            size = sum(archive.size(member) for member in images.values())
        categories = [
            {
                "id": number,
                "name": name,
                "supercategory": "human" if name in _PEOPLE else "vehicle",
                "is_person": name in _PEOPLE,
            }
            for number, name in CLASSES.items()
        ]
        protocol = "cityscapes" if split == "val" else None
        return Split(categories, list(images), partial(_samples, files, chosen), size, {}, protocol)


def _label(image: str, kind: str) -> str:
    return image.removesuffix("_leftImg8bit.png") + kind


def _samples(
    files: dict[str, Path], chosen: list[tuple[str, str, str, str]], places: Sequence[int], counts: Counter[str]
) -> Iterator[Sample]:
    with open_archive(files["images"]) as archive, open_archive(files["labels"]) as labels:
        for place in places:
            name, member, drawn, polygons = chosen[place]
            values = _instance_ids(labels, drawn)
            found = [int(value) for value in np.unique(values)]
            _count_left_out(found, _objects(labels, polygons), counts)
            yield Sample(
                name,
                partial(archive.read, member),
                [annotation for value in found if (annotation := _annotation(values == value, value)) is not None],
                image_id=place + 1,
                declared_size=(values.shape[1], values.shape[0]),
                image_fields=_sequence(name) | {"void": encode_mask(np.isin(values, VOID))},
            )


def _sequence(name: str) -> dict[str, str]:
    found = _SEQUENCE.fullmatch(name)
    return {"group": found["sequence"]} if found else {}


def _annotation(mask: np.ndarray, value: int) -> dict[str, Any] | None:
    """The annotation of a value of the picture, of which ``mask``, (height, width) bool, is the place."""
    label = value // 1000 if value >= 1000 else value
    if label not in CLASSES:
        return None
    return {"category_id": label, "iscrowd": int(value < 1000), **mask_annotation(mask)}


def _count_left_out(values: list[int], objects: Counter[str], counts: Counter[str]) -> None:
    counts["instances_left_out_of_other_classes"] += sum(v >= 1000 and v // 1000 not in CLASSES for v in values)
    for label, name in CLASSES.items():
        shown = sum(value // 1000 == label for value in values)
        counts["instances_left_out_wholly_covered"] += max(objects[name] - shown, 0)


def _instance_ids(labels: Archive, name: str) -> np.ndarray:
    """The picture of instances as (height, width) integers."""
    try:
        with Image.open(io.BytesIO(labels.read(name)), formats=["PNG"]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"it has {image.width} x {image.height} px")
            values = np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{labels.path}: {name} is unreadable ({error}).", _AGAIN) from None
    if values.ndim != 2 or not np.issubdtype(values.dtype, np.integer):
        raise UserError(f"{labels.path}: {name} is not a picture of instance ids.", _AGAIN)
    return values


def _objects(labels: Archive, name: str) -> Counter[str]:
    """How many polygons of each label an image has, deleted ones not counted."""
    try:
        objects = json.loads(labels.read(name))["objects"]
        return Counter(entry["label"] for entry in objects if not entry.get("deleted"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{labels.path}: {name} is not in Cityscapes' format ({error!r}).", _AGAIN) from None
