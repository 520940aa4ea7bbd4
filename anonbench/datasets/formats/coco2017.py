"""COCO 2017: everyday photographs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from anonbench.common.errors import UserError
from anonbench.config.datasets import FilesConfig
from anonbench.datasets.archive import Archive, open_archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.json_stream import records
from anonbench.datasets.members import only, require, under
from anonbench.datasets.names import checked_name
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.tables.coco_categories import COCO_SIGMAS
from anonbench.datasets.tables.coco_json import check_reference, declared_size

# Images, people, images with people: of the official annotations.
_SIZES = {"train": (118_287, 262_465, 64_115), "val": (5_000, 11_004, 2_693)}
# What the common form keeps of an annotation: the rest need not be held.
_KEPT = ("id", "category_id", "bbox", "area", "iscrowd", "segmentation")


def _official(path: str, size: int, md5: str) -> RemoteFile:
    mirrors = ("http://images.cocodataset.org/", "https://s3.amazonaws.com/images.cocodataset.org/")
    return RemoteFile(path.split("/")[-1], tuple(mirror + path for mirror in mirrors), size, f"md5:{md5}", exact=True)


def _whole_body(part: str, key: str, size: int) -> RemoteFile:
    """A file of COCO-WholeBody's Google Drive folder; the size is rounded up, and no checksum is published."""
    url = f"https://drive.usercontent.google.com/download?id={key}&export=download&confirm=t"
    return RemoteFile(f"coco_wholebody_{part}_v1.0.json", (url,), size, None)


class Coco2017Config(FilesConfig):
    """COCO 2017: boxes, masks and keypoints; what of it is held out for generators, drawn with ``seed``."""

    format: Literal["coco2017"]
    face_boxes: bool = False
    generator_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    seed: Annotated[int, Field(ge=0)] = 0


class Coco2017(Format):
    """COCO 2017: 80 categories in everyday photographs, with boxes, masks and people's keypoints.

    Lin et al.: Microsoft COCO: Common Objects in Context, ECCV 2014; https://cocodataset.org/#format-data.
    ``instances_*`` has every object's box and mask; crowd regions are uncompressed RLE. ``person_keypoints_*`` has the
    people again under the same annotation ids, with their 17 keypoints, which are merged in.

    With ``face_boxes``, people get the face boxes of COCO-WholeBody v1.0 (Jin et al., ECCV 2020;
    https://github.com/jin-s13/COCO-WholeBody, data_format.md), again by annotation id. There, ``face_valid`` is false
    where a face is blurred, hidden or too small to be annotated, and the box is zeros. Such a face may still be
    recognized, so nothing is said of it here: keypoints or a detector have to find it.

    Split rule: the official train2017 and val2017. A share ``generator_share`` of the training images, drawn with
    ``seed``, is the split ``generator`` instead: COCO's unlabeled images show unannotated people, from
    whom no generator can learn.
    """

    Config = Coco2017Config
    config: Coco2017Config
    # The archives' MD5s and sizes are the widely published ones (as in PaddleDetection's and MLCommons' downloads).
    FILES = {
        "train": _official("zips/train2017.zip", 19_336_861_798, "cced6f7f71b7629ddf16f17bbcfab6b2"),
        "val": _official("zips/val2017.zip", 815_585_330, "442b8da7639aecaf257c1dceb8ba8c80"),
        "labels": _official(
            "annotations/annotations_trainval2017.zip", 252_907_541, "f4bbac642086de4f52a3fdda2de5fa2c"
        ),
        "whole_body_train": _whole_body("train", "1thErEToRbmM9uLNi1JXXfOsaS5VK2FXf", 1_500_000_000),
        "whole_body_val": _whole_body("val", "1N6VgwKnj8DeyGXCvp1eYgNbRmw6jdfrb", 60_000_000),
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val", "generator") if self.config.generator_share else ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        part = _part(split)
        return (part, "labels", *([f"whole_body_{part}"] if self.config.face_boxes else []))

    def people(self) -> tuple[str, ...]:
        return ("person",)

    def whole_size(self, split: str) -> SplitSize:
        images, people, occupied = _SIZES[_part(split)]
        held_out = self.config.generator_share
        share = {"train": 1 - held_out, "generator": held_out, "val": 1}[split]
        return SplitSize(round(share * images), round(share * people), round(share * occupied))

    def load(self, split: str, files: dict[str, Path]) -> Split:
        # Annotations are held as JSON text, which takes far less memory than Python objects.
        part = _part(split)
        counts: Counter[str] = Counter()
        with open_archive(files["labels"]) as labels:
            instances = only(labels, f"instances_{part}2017.json")
            poses = only(labels, f"person_keypoints_{part}2017.json")
            where = f"{files['labels']}: {instances}"
            listed = list(_read(labels, instances, "images"))
            images = self._chosen(listed, split, where)
            categories = _categories(labels, instances, poses)
            more = _keypoints(labels, poses)
            by_image = {image["id"]: None for image in listed} | {image["id"]: [] for image in images}
            if self.config.face_boxes:
                _add_faces(more, files[f"whole_body_{part}"], by_image, counts)
            _sort(labels, instances, by_image, categories, more, where)
        with open_archive(files[part]) as archive:
            members = under(archive, f"{part}2017/")
            names = [checked_name(image.get("file_name"), where) for image in images]
            chosen = [require(members, name, files[part], where) for name in names]
            size = sum(archive.size(member) for member in chosen)
        read = partial(_samples, files[part], images, names, chosen, by_image)
        return Split(categories, names, read, size, counts)

    def _chosen(self, images: list[dict[str, Any]], split: str, where: str) -> list[dict[str, Any]]:
        """The split's images, in the file's order."""
        ids = [image.get("id") for image in images]
        if not images or not all(type(value) is int for value in ids) or len(set(ids)) < len(ids):
            raise UserError(f"{where} lists no images with ids of their own.", "Download it again.")
        share = self.config.generator_share
        if split == "val" or not share:
            return images
        drawn = np.random.default_rng([self.config.seed, 2017]).permutation(sorted(ids))
        held_out = set(drawn[: round(share * len(ids))].tolist())
        return [image for image in images if (image["id"] in held_out) == (split == "generator")]


def _part(split: str) -> str:
    """The official part that a split is taken from."""
    return "val" if split == "val" else "train"


def _read(labels: Archive, name: str, key: str) -> Iterator[dict[str, Any]]:
    with labels.stream(name) as stream:
        yield from records(stream, key, f"{labels.path}: {name}")


def _categories(labels: Archive, instances: str, poses: str) -> list[dict[str, Any]]:
    """The 80 categories with COCO's ids; people's have the keypoints of the other file."""
    people = {record.get("id"): record for record in _read(labels, poses, "categories")}
    found = []
    for record in _read(labels, instances, "categories"):
        category = {key: record.get(key) for key in ("id", "name", "supercategory")}
        category["is_person"] = category["name"] == "person"
        if category["is_person"]:
            pose = people.get(category["id"], {})
            if pose.get("keypoints") != list(COCO_SIGMAS):
                raise UserError(f"{labels.path}: {poses} does not have COCO's 17 keypoints.", "Download it again.")
            category |= {key: pose[key] for key in ("keypoints", "skeleton")}
            category["sigmas"] = list(COCO_SIGMAS.values())
        found.append(category)
    if not any(category["is_person"] for category in found):
        raise UserError(f"{labels.path}: {instances} has no category 'person'.", "Download it again.")
    return found


def _keypoints(labels: Archive, name: str) -> dict[Any, bytes]:
    """What is known of people besides their box and mask, by annotation id, as the inside of a JSON object."""
    return {
        record.get("id"): _packed({key: record[key] for key in ("keypoints", "num_keypoints") if key in record})[1:-1]
        for record in _read(labels, name, "annotations")
    }


def _add_faces(
    more: dict[Any, bytes], path: Path, by_image: dict[int, list[bytes] | None], counts: Counter[str]
) -> None:
    """Add the faces of COCO-WholeBody's file to what is known of people."""
    try:
        stream = open(path, "rb")
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}).", "Restore the file.") from None
    with stream:
        for record in records(stream, "annotations", str(path)):
            if not record.get("face_valid"):
                counts["faces_not_annotated"] += by_image.get(record.get("image_id")) is not None
            elif record.get("id") in more:
                face = _packed({"face_box": record.get("face_box"), "face_valid": True})[1:-1]
                more[record["id"]] = b",".join(filter(None, (more[record["id"]], face)))


def _sort(
    labels: Archive,
    name: str,
    by_image: dict[int, list[bytes] | None],
    categories: list[dict[str, Any]],
    more: dict[Any, bytes],
    where: str,
) -> None:
    """Put every annotation, merged and packed, to its image; those of another split's images, None, are not kept."""
    known = {category["id"]: category["is_person"] for category in categories}
    for record in _read(labels, name, "annotations"):
        place = f"{where}: annotation {record.get('id')!r}"
        check_reference(record, "image_id", by_image, "images", place)
        check_reference(record, "category_id", known, "categories", place)
        kept = by_image[record["image_id"]]
        merged = more.pop(record.get("id"), b"") if known[record["category_id"]] else b""
        if kept is not None:
            packed = _packed({key: record[key] for key in _KEPT if key in record})
            kept.append(packed[:-1] + b"," * bool(merged) + merged + b"}")


def _packed(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()


def _samples(
    path: Path,
    images: list[dict[str, Any]],
    names: list[str],
    members: list[str],
    by_image: dict[int, list[bytes] | None],
    places: Sequence[int],
    counts: Counter[str],
) -> Iterator[Sample]:
    with open_archive(path) as archive:
        for place in places:
            image = images[place]
            annotations = [json.loads(packed) for packed in by_image[image["id"]] or ()]
            read = partial(archive.read, members[place])
            yield Sample(names[place], read, annotations, image["id"], declared_size(image))
