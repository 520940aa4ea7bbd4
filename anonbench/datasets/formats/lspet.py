"""Leeds Sports Pose Extended: athletes with joints."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image

from anonbench.common.errors import UserError
from anonbench.config.datasets import ArchiveConfig
from anonbench.datasets.archive import Archive, open_archive
from anonbench.datasets.extent import box_around
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.sources import RemoteFile

# In the order of the archive's README.
JOINTS = (
    "right_ankle",
    "right_knee",
    "right_hip",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_wrist",
    "right_elbow",
    "right_shoulder",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "neck",
    "head_top",
)
# CrowdPose's sigmas of the same 14 joints (https://github.com/Jeff-sjtu/CrowdPose, its crowdposetools' COCOeval).
_SIGMAS = {
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
    "neck": 0.079,
    "head_top": 0.079,
}
_BONES = (
    ("head_top", "neck"),
    *((("neck", f"{side}_shoulder")) for side in ("left", "right")),
    *(
        (f"{side}_{a}", f"{side}_{b}")
        for side in ("left", "right")
        for a, b in (("shoulder", "elbow"), ("elbow", "wrist"))
    ),
    *((f"{side}_shoulder", f"{side}_hip") for side in ("left", "right")),
    ("left_hip", "right_hip"),
    *((f"{side}_{a}", f"{side}_{b}") for side in ("left", "right") for a, b in (("hip", "knee"), ("knee", "ankle"))),
)
# The share of a person's box that a person covers where no mask says it, as CrowdPose's and AI Challenger's OKS takes
# it (xtcocotools.cocoeval with use_area=False).
_AREA_SHARE = 0.53
_MAX_LEAN = 60.0
_MAX_MATRIX_BYTES = 100_000_000


class LspetConfig(ArchiveConfig):
    """Leeds Sports Pose Extended, from the official address or a local archive; ``upright_only`` leaves others out."""

    format: Literal["lspet"]
    upright_only: bool = True


class Lspet(Format):
    """Leeds Sports Pose Extended: one person per image, 14 joints, no boxes and no masks.

    Johnson, Everingham: Learning Effective Human Pose Estimation from Inaccurate Annotation, CVPR 2011;
    http://sam.johnson.io/research/lspet.html (the archive has no published hash; set ``sha256`` to pin the one you
    have).

    Split rule: people in the archive's order, after ``upright_only``; index % 5 in 0, 1, 2 is ``train``, 3 is ``val``
    and 4 is ``generator``, so that a generator never sees the people it is measured with.

    Upright rule (``upright_only``): the shoulders are above the hips, the hips above the ankles, and the line from the
    ankles to the top of the head leans at most 60 degrees from the vertical. Most of the 10,000 people are tumbling
    gymnasts and parkour runners, on whom a small pose model learns nothing in the time it has.
    """

    Config = LspetConfig
    config: LspetConfig
    FILES = {
        "archive": RemoteFile(
            "lspet_dataset.zip",
            ("http://sam.johnson.io/research/lspet_dataset.zip",),
            size=200_000_000,
            digest=None,
        )
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val", "generator")

    def needs(self, split: str) -> tuple[str, ...]:
        return ("archive",)

    def whole_size(self, split: str) -> SplitSize:
        # Of the official archive's 10,000 people 1,426 stand upright.
        fifths = (3 if split == "train" else 1) / 5
        people = round(fifths * (1426 if self.config.upright_only else 10_000))
        return SplitSize(people, people, people, 79_700)

    def load(self, split: str, files: dict[str, Path]) -> Split:
        archive = files["archive"]
        with open_archive(archive) as opened:
            root = _root(opened)
            joints = _joints(opened, root + "joints.mat")
            kept = np.arange(len(joints))
            if self.config.upright_only:
                kept = kept[is_upright(joints)]
            parts = {"train": (0, 1, 2), "val": (3,), "generator": (4,)}[split]
            people = [int(person) for place, person in enumerate(kept) if place % 5 in parts]
            if not people:
                raise UserError(
                    f"{archive} has no person for the split {split!r}.",
                    "Name an archive with at least five people in `archive`.",
                )
            members = set(opened.names())
            missing = [_image_name(person) for person in people if root + _image_name(person) not in members]
            if missing:
                raise UserError(
                    f"{archive} has joints for {missing[0]} but not the image ({len(missing)} such images).",
                    "Download the archive again.",
                )
            size = sum(opened.size(root + _image_name(person)) for person in people)
        category = {
            "id": 1,
            "name": "person",
            "supercategory": "person",
            "is_person": True,
            "keypoints": list(JOINTS),
            "skeleton": [[JOINTS.index(a) + 1, JOINTS.index(b) + 1] for a, b in _BONES],
            "sigmas": [_SIGMAS[name.removeprefix("left_").removeprefix("right_")] for name in JOINTS],
        }
        info = {"people_left_out_not_upright": len(joints) - len(kept)}
        names = [_image_name(person).removeprefix("images/") for person in people]
        return Split([category], names, partial(_samples, archive, root, joints, people), size, info)


def is_upright(joints: np.ndarray) -> np.ndarray:
    """Who stands upright by the rule of :class:`Lspet`.

    Parameters
    ----------
    joints
        (N, 14, 3) of x, y in px and the 0/1 label flag. A pair of joints is placed at the mean of its labelled ones,
        and who lacks a whole pair or the top of the head does not count as upright.

    Returns
    -------
    (N,) bool
    """
    places = np.where(joints[:, :, 2:] > 0, joints[:, :, :2], np.nan)

    def middle(joint: str) -> np.ndarray:
        pair = places[:, [JOINTS.index(f"left_{joint}"), JOINTS.index(f"right_{joint}")]]
        left, right = pair[:, 0], pair[:, 1]
        return np.where(np.isnan(left), right, np.where(np.isnan(right), left, (left + right) / 2))

    shoulders, hips, ankles, head = (
        middle("shoulder"),
        middle("hip"),
        middle("ankle"),
        places[:, JOINTS.index("head_top")],
    )
    lean = np.degrees(np.arctan2(np.abs(head[:, 0] - ankles[:, 0]), ankles[:, 1] - head[:, 1]))
    # Every comparison with NaN is False.
    return (shoulders[:, 1] < hips[:, 1]) & (hips[:, 1] < ankles[:, 1]) & (lean <= _MAX_LEAN)


def _samples(
    path: Path, root: str, joints: np.ndarray, people: list[int], places: Sequence[int], counts: Counter[str]
) -> Iterator[Sample]:
    with open_archive(path) as archive:
        for person in (people[place] for place in places):
            name = _image_name(person)
            data = archive.read(root + name)
            try:
                with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
                    size = image.size
            except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
                raise UserError(
                    f"{path}: the image {name} is unreadable ({error}).", "Download the archive again."
                ) from None
            annotation = _annotation(joints[person], size)
            yield Sample(name.removeprefix("images/"), data, [annotation], image_id=person + 1, declared_size=size)


def _image_name(person: int) -> str:
    return f"images/im{person + 1:05d}.jpg"


def _root(archive: Archive) -> str:
    """The folder in the archive that holds ``joints.mat``, which some mirrors add."""
    found = [name for name in archive.names() if name == "joints.mat" or name.endswith("/joints.mat")]
    if len(found) != 1:
        raise UserError(
            f"{archive.path} has no `joints.mat`.", "Name an archive in LSPET's official layout under `archive`."
        )
    return found[0].removesuffix("joints.mat")


def _joints(archive: Archive, name: str) -> np.ndarray:
    """The joints as (N, 14, 3) float64, from the file's 14 x 3 x N."""
    # Slow to import, and only a conversion needs it.
    from scipy.io import loadmat, whosmat

    again = "Download the archive again."
    if archive.size(name) > _MAX_MATRIX_BYTES:
        raise UserError(f"{archive.path}: {name} is larger than any matrix of joints should be.", again)
    data = archive.read(name)
    try:
        shape = next((shape for variable, shape, _ in whosmat(io.BytesIO(data)) if variable == "joints"), None)
        if shape is None or len(shape) != 3 or shape[:2] != (14, 3):
            raise ValueError(f"`joints` has the shape {shape} instead of (14, 3, people)")
        joints = loadmat(io.BytesIO(data), variable_names=["joints"])["joints"]
        joints = np.asarray(joints, dtype=np.float64).transpose(2, 0, 1)
        if not np.isfinite(joints).all() or not np.isin(joints[:, :, 2], (0, 1)).all():
            raise ValueError("a joint is not finite, or its flag is neither 0 nor 1")
    # scipy raises nearly anything on a damaged file.
    except Exception as error:
        raise UserError(f"{archive.path}: {name} is unreadable ({error}).", again) from None
    return joints


def _annotation(joints: np.ndarray, size: tuple[int, int]) -> dict[str, Any]:
    """A COCO annotation from one person's (14, 3) joints in an image of ``size`` (width, height) px.

    The third column says whether a joint was labelled; the coordinates of the others are arbitrary numbers at or below
    zero. Labelled joints become COCO's v = 2 and the others its v = 0. The box is that of the labelled joints, grown by
    a tenth of its longer side all round and clipped to the image; without any joint it is the whole image.
    """
    labelled = joints[:, 2] > 0
    box = box_around(joints[labelled, :2], size) if labelled.any() else [0.0, 0.0, *map(float, size)]
    return {
        "category_id": 1,
        "bbox": box,
        "bbox_source": "keypoints",
        "area": _AREA_SHARE * box[2] * box[3],
        "iscrowd": 0,
        "keypoints": np.where(labelled[:, None], joints * (1, 1, 2), 0).ravel().tolist(),
        "num_keypoints": int(labelled.sum()),
    }
