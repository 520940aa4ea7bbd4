"""BDD100K: road users with masks or boxes."""

from __future__ import annotations

import io
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
from anonbench.common.rle import mask_annotation
from anonbench.config.datasets import FilesConfig
from anonbench.datasets.archive import Archive, open_archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.json_stream import records
from anonbench.datasets.members import only, require, under
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.sources import RemoteFile

# bdd100k/configs/det.toml; ins_seg.toml has the first eight. Ids count from 1.
CATEGORIES = (
    "pedestrian", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle", "traffic light", "traffic sign",
)  # fmt: skip
_PEOPLE = ("pedestrian", "rider")
_SUPERCATEGORIES = ("human",) * 2 + ("vehicle",) * 4 + ("bike",) * 2 + ("traffic light", "traffic sign")
_MASKED = 8
# The same files' other names for a category, and names that stand for ignored ones.
_SYNONYMS = {"bike": "bicycle", "caravan": "car", "motor": "motorcycle", "person": "pedestrian", "van": "car"}
_IGNORED = {"other person": "pedestrian", "other vehicle": "car", "trailer": "truck"}
_FLAGS = ("truncated", "occluded", "crowd", "ignored")
_VIDEO = re.compile(r"(?P<video>[0-9a-f]{8}-[0-9a-f]{8})(-\d{7})?\.jpg")
_AGAIN = "Download the archive again."


def _login(name: str, package: str, size: int, md5: str) -> RemoteFile:
    """Sizes are rounded up from the official documentation (doc/source/download.rst), which gives the MD5s, too."""
    where = f"Accept BDD100K's licence at http://bdd-data.berkeley.edu and download its package {package}, {name}."
    return RemoteFile(name, (), size, f"md5:{md5}", login=where)


class Bdd100kConfig(FilesConfig):
    """BDD100K: instance masks of the 10,000 images, or boxes of the 100,000."""

    format: Literal["bdd100k"]
    labels: Literal["bitmasks", "rles", "det_20"] = "bitmasks"


class Bdd100k(Format):
    """BDD100K: road users seen from cars; instance masks on 10,000 images or boxes on 100,000.

    Yu et al.: BDD100K: A Diverse Driving Dataset for Heterogeneous Multitask Learning, CVPR 2020; formats after
    https://github.com/bdd100k/bdd100k (doc/source/format.rst and bdd100k/label). The key ``labels`` chooses one of
    three official sets of labels:

    - ``bitmasks``, instance segmentation: an RGBA PNG per image, of which R is the category, G the attributes
      ``(truncated << 3) + (occluded << 2) + (crowd << 1) + ignored``, and ``(B << 8) + A`` the instance's number.
    - ``rles``, the same as a JSON file in Scalabel's format, of which every label has COCO's compressed RLE.
    - ``det_20``, detection: a JSON file in Scalabel's format, of which labels have ``box2d``; its corners are the first
      and the last pixel that belong to the object, so that a width is ``x2 - x1 + 1``.

    ``pedestrian`` and ``rider`` are people. In the JSON files, ``other person``, ``other vehicle`` and ``trailer``
    stand for pedestrians, cars and trucks that are ignored. Crowds and ignored instances are neither trained on nor
    scored (``iscrowd`` 1), as in the official conversion to COCO's format, but people among them are anonymized. The
    flags are kept under ``attributes``.

    An image's ``group`` is its video, where the file's name is that of a video, or of one of its frames.

    Split rule: the official one; ``train`` and ``val``. Images that the chosen labels do not have are left out.
    """

    Config = Bdd100kConfig
    config: Bdd100kConfig
    FILES = {
        "images_10k": _login("bdd100k_images_10k.zip", "10K Images", 1_200_000_000, "08f26aecceda982568063d3d5873378e"),
        "images_100k": _login(
            "bdd100k_images_100k.zip", "100K Images", 5_700_000_000, "5a0359c86a0b8713adab1eee9a3041cb"
        ),
        "ins_seg": _login(
            "bdd100k_ins_seg_labels_trainval.zip",
            "Instance Segmentation",
            117_000_000,
            "651b41f229d7327d8c4af97772de4390",
        ),
        "det_20": _login(
            "bdd100k_det_20_labels_trainval.zip",
            "Detection 2020 Labels",
            56_000_000,
            "b86a3e1b7edbcad421b7dad2b3987c94",
        ),
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        return ("images_100k", "det_20") if self.config.labels == "det_20" else ("images_10k", "ins_seg")

    def people(self) -> tuple[str, ...]:
        return _PEOPLE

    def whole_size(self, split: str) -> SplitSize:
        # Only the annotations say how many people there are. det_train.json leaves 137 of the 70,000 images out (issues
        # 64 and 210 of bdd100k/bdd100k).
        boxes = self.config.labels == "det_20"
        images = {"train": 69_863, "val": 10_000} if boxes else {"train": 7_000, "val": 1_000}
        # People cover at most what they cover of Cityscapes, whose cars drive downtown.
        return SplitSize(images[split], pixels=1280 * 720, bodies=0.012)

    def load(self, split: str, files: dict[str, Path]) -> Split:
        kind = self.config.labels
        images, labels = (files[role] for role in self.needs(split))
        with open_archive(images) as archive:
            members = under(archive, f"{'100k' if kind == 'det_20' else '10k'}/{split}/")
            members = {name: member for name, member in members.items() if name.endswith(".jpg")}
            size = sum(archive.size(member) for member in members.values())
        names = list(_listed(labels, kind, split))
        info = {"images_left_out_without_labels": len(members) - len(names)}
        categories = [
            {"id": number, "name": name, "supercategory": group, "is_person": name in _PEOPLE}
            for number, (name, group) in enumerate(zip(CATEGORIES, _SUPERCATEGORIES, strict=True), 1)
            if number <= _known(kind)
        ]
        return Split(categories, names, partial(_samples, images, members, labels, kind, split), size, info)


def _known(kind: str) -> int:
    """How many of the categories a set of labels has."""
    return len(CATEGORIES) if kind == "det_20" else _MASKED


# An image's place among those with labels, its name, its (width, height) px if the labels say it, its annotations.
_Labelled = Iterator[tuple[int, str, tuple[int, int] | None, list[dict[str, Any]]]]


def _samples(
    path: Path,
    members: dict[str, str],
    labels: Path,
    kind: str,
    split: str,
    places: Sequence[int],
    counts: Counter[str],
) -> Iterator[Sample]:
    read = _bitmasks if kind == "bitmasks" else _frames
    with open_archive(path) as archive:
        for place, name, size, annotations in read(labels, kind, split, places, counts):
            image = partial(archive.read, require(members, name, path, labels))
            yield Sample(name, image, annotations, image_id=place + 1, declared_size=size, image_fields=group_of(name))


def group_of(name: str) -> dict[str, str]:
    """The video of an image, as the file's name gives it."""
    found = _VIDEO.fullmatch(name)
    return {"group": found["video"]} if found else {}


def _listed(path: Path, kind: str, split: str) -> Iterator[str]:
    """The names of the images that a set of labels has, in its order."""
    if kind != "bitmasks":
        yield from (name for name, _ in _all_frames(path, kind, split))
        return
    with open_archive(path) as archive:
        yield from (f"{name}.jpg" for name, _ in _members(archive, split))


def _members(archive: Archive, split: str) -> list[tuple[str, str]]:
    """The bitmasks' names, without a suffix, and members."""
    found = under(archive, f"ins_seg/bitmasks/{split}/").items()
    return [(name.removesuffix(".png"), member) for name, member in found if name.endswith(".png")]


def _bitmasks(path: Path, kind: str, split: str, places: Sequence[int], counts: Counter[str]) -> _Labelled:
    with open_archive(path) as archive:
        members = _members(archive, split)
        for place in places:
            name, member = members[place]
            pixels = _pixels(archive, member)
            yield place, f"{name}.jpg", (pixels.shape[1], pixels.shape[0]), _instances(pixels, counts)


def _pixels(archive: Archive, member: str) -> np.ndarray:
    """A bitmask as (height, width, 4) uint8."""
    try:
        with Image.open(io.BytesIO(archive.read(member)), formats=["PNG"]) as image:
            if image.mode != "RGBA" or image.width * image.height > MAX_PIXELS:
                raise ValueError(f"it has the mode {image.mode} and {image.width} x {image.height} px")
            return np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{archive.path}: {member} is not a readable bitmask ({error}).", _AGAIN) from None


def _instances(pixels: np.ndarray, counts: Counter[str]) -> list[dict[str, Any]]:
    """The instances of a bitmask by their numbers; as in the official loader, every value of a pixel is one."""
    values = pixels.astype(np.uint32) @ np.array([1 << 24, 1 << 16, 1 << 8, 1], np.uint32)
    found = []
    for value in sorted((int(value) for value in np.unique(values)), key=lambda value: value & 0xFFFF):
        category, bits = value >> 24, (value >> 16) & 0xFF
        if not 1 <= category <= _MASKED:
            counts["instances_left_out_of_other_categories"] += category > 0
            continue
        flags = {name: bool(bits & (8 >> place)) for place, name in enumerate(_FLAGS)}
        found.append(_record(category, flags) | mask_annotation(values == value))
    return found


def _record(category: int, flags: dict[str, bool]) -> dict[str, Any]:
    return {
        "category_id": category,
        "iscrowd": int(flags["crowd"] or flags["ignored"]),
        "attributes": {name: int(value) for name, value in flags.items()},
    }


def _frames(path: Path, kind: str, split: str, places: Sequence[int], counts: Counter[str]) -> _Labelled:
    wanted = set(places)
    for place, (name, frame) in enumerate(_all_frames(path, kind, split)):
        if place in wanted:
            labels = frame.get("labels") or []
            at = f"{path}: {name}"
            yield place, name, None, [a for label in labels if (a := _label(label, kind, counts, at)) is not None]


def _all_frames(path: Path, kind: str, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the record of every image of a JSON file of labels."""
    file = f"det_20/det_{split}.json" if kind == "det_20" else f"ins_seg/rles/ins_seg_{split}.json"
    names: set[str] = set()
    with open_archive(path) as archive:
        member = only(archive, file)
        where = f"{archive.path}: {member}"
        with archive.stream(member) as stream:
            is_list = stream.read(64).lstrip()[:1] == b"["
        with archive.stream(member) as stream:
            for frame in records(stream, None if is_list else "frames", where):
                name = frame.get("name")
                if not isinstance(name, str) or name in names:
                    raise UserError(f"{where} has a frame without a name of its own: {name!r}.", _AGAIN)
                names.add(name)
                yield name, frame


def _label(label: dict[str, Any], kind: str, counts: Counter[str], where: str) -> dict[str, Any] | None:
    """The annotation of a label in Scalabel's format, or None where it has no box or mask, as lanes."""
    key = "box2d" if kind == "det_20" else "rle"
    if label.get(key) is None:
        counts[f"labels_left_out_without_{key}"] += 1
        return None
    name = label.get("category")
    name = _SYNONYMS.get(name, name)
    attributes = label.get("attributes") or {}
    flags = {flag: bool(attributes.get(flag)) for flag in _FLAGS}
    flags["ignored"] |= name in _IGNORED
    name = _IGNORED.get(name, name)
    if name not in CATEGORIES[: _known(kind)]:
        # It may be a kind of person, and then nobody would anonymize it.
        raise UserError(f"{where} has a label of the unknown category {name!r}.", "Name the official archive.")
    record = _record(CATEGORIES.index(name) + 1, flags)
    if kind == "det_20":
        return record | {"bbox": _box(label["box2d"], where)}
    return record | {"segmentation": label["rle"]}


def _box(corners: Any, where: str) -> list[float]:
    try:
        x1, y1, x2, y2 = (float(corners[key]) for key in ("x1", "y1", "x2", "y2"))
    except (KeyError, TypeError, ValueError):
        raise UserError(f"{where} has a box2d without x1, y1, x2 and y2: {corners!r}.", _AGAIN) from None
    return [x1, y1, x2 - x1 + 1, y2 - y1 + 1]
