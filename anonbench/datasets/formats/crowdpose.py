"""CrowdPose: people in crowds with joints."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from anonbench.common.errors import UserError
from anonbench.config.datasets import FilesConfig
from anonbench.datasets.archive import open_archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.members import require, under
from anonbench.datasets.names import checked_name
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.tables.coco_json import check_reference, declared_size, read_coco

_PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_OFFICIAL_JOINTS = (
    *(f"{side}_{joint}" for joint in _PAIRS for side in ("left", "right")),
    "head",
    "neck",
)
JOINTS = (*_OFFICIAL_JOINTS[:12], "top_head", "neck")
# crowdposetools' COCOeval.computeOks.
SIGMAS = (0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089, 0.079, 0.079)
_BONES = (
    ("top_head", "neck"),
    *(("neck", f"{side}_{joint}") for side in ("left", "right") for joint in ("shoulder", "hip")),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"), ("hip", "knee"), ("knee", "ankle"))
    ),
)
# crowdposetools' COCOeval takes this share of the box for the area in OKS and for the size limits.
_AREA_SHARE = 0.53
# The official part that is a split, by the part that is evaluated.
_PARTS = {"test": {"train": "trainval", "val": "test"}, "val": {"train": "train", "val": "val"}}
_IMAGES = {"train": 10_000, "val": 2_000, "trainval": 12_000, "test": 8_000}


def _drive(name: str, key: str, size: int) -> RemoteFile:
    """A file of the official repository's Google Drive folder; sizes are rounded, and no checksums are published."""
    url = f"https://drive.usercontent.google.com/download?id={key}&export=download&confirm=t"
    return RemoteFile(name, (url,), size, None)


class CrowdPoseConfig(FilesConfig):
    """CrowdPose: boxes and 14 keypoints of people in crowds."""

    format: Literal["crowdpose"]
    evaluated: Literal["test", "val"] = "test"


class CrowdPose(Format):
    """CrowdPose: people in crowds, with 14 keypoints each.

    Li, Wang, Zhu, Mao, Fang, Lu: CrowdPose: Efficient Crowded Scenes Pose Estimation and A New Benchmark, CVPR 2019;
    https://github.com/Jeff-sjtu/CrowdPose. The annotations are COCO's keypoint records in a file for each of train,
    val, trainval and test, without masks and areas. Every image has a ``crowdIndex``, most of them of 0 to 1 and some
    larger, which is kept in the image's record: the official evaluation (``crowdposetools``) calls an image easy below
    0.2, medium from there below 0.8, and hard from there on. It takes 0.53 of a person's box for the area, and ignores
    people of ``num_keypoints`` 0; the published numbers, which do not count head and neck, are kept.

    The official joint ``head`` is the top of the head and is called ``top_head`` here, as MMPose calls it. The files'
    own skeleton is COCO's, for other joints, and is replaced.

    Split rule (``evaluated``): ``test`` trains on the official trainval and evaluates on test, as published results do;
    ``val`` trains on train and evaluates on val.
    """

    Config = CrowdPoseConfig
    config: CrowdPoseConfig
    FILES = {
        "images": _drive("images.zip", "1VprytECcLtU4tKP32SYi_7oDRbw7yUTL", 2_300_000_000),
        "train": _drive("crowdpose_train.json", "1b3APtKpc43dx_5FxizbS-EWGvd-zl7Lb", 15_000_000),
        "val": _drive("crowdpose_val.json", "18-IwNa6TOGQPE0RqGNjNY1cJOfNC7MXj", 3_000_000),
        "trainval": _drive("crowdpose_trainval.json", "13xScmTWqO6Y6m_CjiQ-23ptgX9sC-J9I", 18_000_000),
        "test": _drive("crowdpose_test.json", "1FUzRj-dPbL1OyBwcIX2BgFPEaY5Yrz7S", 12_000_000),
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        return ("images", self._part(split))

    def people(self) -> tuple[str, ...]:
        return ("person",)

    def whole_size(self, split: str) -> SplitSize:
        # Only the annotations say how many people there are.
        return SplitSize(_IMAGES[self._part(split)])

    def load(self, split: str, files: dict[str, Path]) -> Split:
        path = files[self._part(split)]
        content = read_coco(path)
        people = content["categories"]
        if len(people) != 1 or people[0].get("keypoints") != list(_OFFICIAL_JOINTS):
            raise UserError(f"{path} does not have CrowdPose's one category of 14 joints.", "Name the official file.")
        category = {
            "id": people[0]["id"],
            "name": "person",
            "supercategory": "person",
            "is_person": True,
            "keypoints": list(JOINTS),
            "skeleton": [[JOINTS.index(a) + 1, JOINTS.index(b) + 1] for a, b in _BONES],
            "sigmas": list(SIGMAS),
        }
        ids = {image["id"] for image in content["images"]}
        by_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for annotation in content["annotations"]:
            check_reference(annotation, "image_id", ids, "images", f"{path}: annotation {annotation.get('id')!r}")
            by_image[annotation["image_id"]].append(annotation | _area(annotation))
        with open_archive(files["images"]) as archive:
            members = under(archive, "images/")
            chosen = [
                (image, require(members, checked_name(image.get("file_name"), str(path)), files["images"], path))
                for image in content["images"]
            ]
            size = sum(archive.size(member) for _, member in chosen)
        names = [image["file_name"] for image, _ in chosen]
        read = partial(_samples, files["images"], path, chosen, by_image)
        return Split([category], names, read, size, protocol="crowdpose" if split == "val" else None)

    def _part(self, split: str) -> str:
        return _PARTS[self.config.evaluated][split]


def _area(annotation: dict[str, Any]) -> dict[str, float]:
    box = annotation.get("bbox")
    return {"area": _AREA_SHARE * box[2] * box[3]} if isinstance(box, list) and len(box) == 4 else {}


def _samples(
    path: Path,
    labels: Path,
    chosen: list[tuple[dict[str, Any], str]],
    by_image: dict[int, list[dict[str, Any]]],
    places: Sequence[int],
    counts: Counter[str],
) -> Iterator[Sample]:
    with open_archive(path) as archive:
        for image, member in (chosen[place] for place in places):
            index = image.get("crowdIndex")
            if type(index) not in (int, float) or not 0 <= index < math.inf:
                raise UserError(
                    f"{labels} has an image whose crowdIndex is not a number from 0 on: {image['file_name']!r}.",
                    "Name the official file.",
                )
            yield Sample(
                image["file_name"],
                partial(archive.read, member),
                by_image.get(image["id"], []),
                image["id"],
                declared_size(image),
                {"crowdIndex": index},
            )
