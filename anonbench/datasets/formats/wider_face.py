"""WIDER FACE: faces with boxes."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from anonbench.common.errors import UserError
from anonbench.config.datasets import FilesConfig
from anonbench.datasets.archive import open_archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.members import only, require, under
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.tables.wider_face_settings import settings_of_faces

CATEGORY = {"id": 1, "name": "face", "supercategory": "person", "is_person": True, "is_face": True}
ATTRIBUTES = ("blur", "expression", "illumination", "invalid", "occlusion", "pose")
_FIX = "Download it again."
# Images and faces. Boxes have 47,669 px an image in wider_face_train.mat; an image has 1,024 x 880 px on average.
_SIZES = {
    split: SplitSize(images, faces, pixels=1024 * 880, faces=0.06)
    for split, (images, faces) in {"train": (12_880, 159_424), "val": (3_226, 39_708)}.items()
}
# The MD5s are torchvision's (torchvision.datasets.WIDERFace). The official page links to the images' first mirror.
_HUB = "https://huggingface.co/datasets/CUHK-CSE/wider_face/resolve/main/data/"
_MIRROR = "https://dataset.bj.bcebos.com/wider_face/"


class WiderFaceConfig(FilesConfig):
    """WIDER FACE: boxes of faces."""

    format: Literal["wider_face"]


class WiderFace(Format):
    """WIDER FACE: boxes of faces in photographs of 61 kinds of events.

    Yang, Luo, Loy, Tang: WIDER FACE: A Face Detection Benchmark, CVPR 2016; http://shuoyang1213.me/WIDERFACE/ (format:
    ``wider_face_split/readme.txt``). ``wider_face_{train,val}_bbx_gt.txt`` repeats, for every image: its path below
    ``WIDER_{train,val}/images/``; the number of its faces; one line per face of ten integers, ``x y w h blur expression
    illumination invalid occlusion pose``, px and small codes. An image without faces has the number 0 and one line of
    zeros, which is not a face. In val, such an image has the number 1 instead, and the line of zeros stays a face
    without size: the official evaluation has it, too, and so counts detections in that image as false.

    The common form's category is ``face``; ``face_box`` is the box itself, so that face regions are the annotated
    boxes. The official evaluation names faces by their place in an image's list, so an image's annotations stand in the
    official order and none is left out. The codes are kept under ``attributes``. Faces marked invalid and boxes without
    size take no part in training (``iscrowd`` 1), but are anonymized like all others. In val, a face has
    ``difficulty``, the settings of the official evaluation (``easy``, ``medium``, ``hard``) that count it: none of the
    invalid ones, and a single one without size.

    Split rule: the official one; ``train`` and ``val``.
    """

    Config = WiderFaceConfig
    config: WiderFaceConfig
    REGIONS = ("face",)
    FILES = {
        "train": RemoteFile(
            file_name="WIDER_train.zip",
            urls=(_HUB + "WIDER_train.zip", _MIRROR + "WIDER_train.zip"),
            size=1_465_602_149,
            digest="md5:3fedf70df600953d25982bcd13d91ba2",
            exact=True,
        ),
        "val": RemoteFile(
            file_name="WIDER_val.zip",
            urls=(_HUB + "WIDER_val.zip", _MIRROR + "WIDER_val.zip"),
            size=362_752_168,
            digest="md5:dfa7d7e790efa35df3788964cf0bbaea",
            exact=True,
        ),
        "labels": RemoteFile(
            file_name="wider_face_split.zip",
            urls=(
                "http://shuoyang1213.me/WIDERFACE/support/bbx_annotation/wider_face_split.zip",
                "http://mmlab.ie.cuhk.edu.hk/projects/WIDERFace/support/bbx_annotation/wider_face_split.zip",
            ),
            size=3_591_642,
            digest="md5:0e3767bcf0e326556d407bf5bff5d27c",
            exact=True,
        ),
        # Neither size nor checksum is published; the lists in it are compared with the labels.
        "evaluation": RemoteFile(
            file_name="eval_tools.zip",
            urls=(
                "http://shuoyang1213.me/WIDERFACE/support/eval_script/eval_tools.zip",
                "http://mmlab.ie.cuhk.edu.hk/projects/WIDERFace/support/eval_script/eval_tools.zip",
            ),
            size=10_000_000,
            digest=None,
        ),
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        return (split, "labels", "evaluation") if split == "val" else (split, "labels")

    def people(self) -> tuple[str, ...]:
        return (CATEGORY["name"],)

    def whole_size(self, split: str) -> SplitSize:
        return _SIZES[split]

    def load(self, split: str, files: dict[str, Path]) -> Split:
        with open_archive(files["labels"]) as labels:
            name = only(labels, f"wider_face_{split}_bbx_gt.txt")
            text = labels.read(name)
        faces = list(read_faces(text, f"{files['labels']}: {name}"))
        with open_archive(files[split]) as archive:
            members = under(archive, f"WIDER_{split}/images/")
            chosen = [(image, require(members, image, files[split], name), rows) for image, rows in faces]
            size = sum(archive.size(member) for _, member, _ in chosen)
        difficulty = None
        if split == "val":
            difficulty = settings_of_faces(files["evaluation"], dict(faces), f"{files['labels']}: {name}")
        counts: Counter[str] = Counter()
        if left_out := len(set(members) - {image for image, _ in faces}):
            counts["images_left_out_not_listed"] = left_out
        names = [image for image, _ in faces]
        read = partial(_samples, files[split], chosen, difficulty)
        protocol = "wider_face" if split == "val" else None
        return Split([dict(CATEGORY)], names, read, size, counts, protocol, in_order=True)


def read_faces(text: bytes, where: str) -> Iterator[tuple[str, list[list[int]]]]:
    """The images of a ``wider_face_*_bbx_gt.txt`` and the ten integers of each of their faces, in the file's order.

    Raises
    ------
    UserError
        If the text is not in the format.
    """
    lines = [line.strip() for line in io.TextIOWrapper(io.BytesIO(text), "utf-8", errors="replace")]
    place = 0
    while place < len(lines):
        name = lines[place]
        place += 1
        if not name:
            continue
        try:
            count = int(lines[place])
            rows = [[int(value) for value in line.split()] for line in lines[place + 1 : place + 1 + count]]
        except (IndexError, ValueError):
            raise UserError(f"{where} is not in WIDER FACE's format after line {place} ({name!r}).", _FIX) from None
        if count < 0 or len(rows) != count or any(len(row) != 4 + len(ATTRIBUTES) for row in rows):
            raise UserError(f"{where} does not give the {count} faces of {name!r} in ten numbers each.", _FIX)
        place += 1 + count
        if not count and place < len(lines) and set(lines[place].split()) == {"0"}:
            place += 1
        yield name, rows


def _samples(
    path: Path,
    chosen: list[tuple[str, str, list[list[int]]]],
    difficulty: dict[str, list[list[str]]] | None,
    places: Sequence[int],
    counts: Counter[str],
) -> Iterator[Sample]:
    with open_archive(path) as archive:
        for place in places:
            image, member, rows = chosen[place]
            counts["images_without_faces"] += not any(any(row) for row in rows)
            faces = [_face(row, counts) for row in rows]
            if difficulty is not None:
                faces = [face | {"difficulty": counted} for face, counted in zip(faces, difficulty[image], strict=True)]
            yield Sample(image, partial(archive.read, member), faces, image_id=place + 1)


def _face(row: list[int], counts: Counter[str]) -> dict[str, Any]:
    box, attributes = row[:4], dict(zip(ATTRIBUTES, row[4:], strict=True))
    has_size = box[2] > 0 and box[3] > 0
    counts["faces_ignored_marked_invalid"] += bool(attributes["invalid"])
    counts["faces_ignored_without_size"] += not has_size
    return {
        "category_id": CATEGORY["id"],
        "bbox": box,
        "area": box[2] * box[3] if has_size else 0,
        "iscrowd": int(bool(attributes["invalid"]) or not has_size),
        "face_box": box,
        "face_valid": True,
        "attributes": attributes,
    }
