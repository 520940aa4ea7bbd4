"""Penn-Fudan: pedestrians with masks."""

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
from anonbench.common.rle import mask_annotation
from anonbench.config.datasets import ArchiveConfig
from anonbench.datasets.archive import Archive, open_archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.sources import RemoteFile

# Of the official archive.
_SIZES = {"train": SplitSize(128, 312, 128, 194_949), "val": SplitSize(42, 111, 42, 210_136)}
_CATEGORY = {"id": 1, "name": "person", "supercategory": "person", "is_person": True}
_IMAGES, _MASKS = "PennFudanPed/PNGImages/", "PennFudanPed/PedMasks/"


class PennFudanConfig(ArchiveConfig):
    """Penn-Fudan pedestrians, from the official address or a local archive."""

    format: Literal["pennfudan"]


class PennFudan(Format):
    """Penn-Fudan pedestrians: 170 street photographs with 423 instance masks and no keypoints.

    Wang, Shi, Song, Shen: Object Detection Combining Recognition and Segmentation, ACCV 2007;
    https://www.cis.upenn.edu/~jshi/ped_html/

    Split rule: images sorted by name; every fourth (index % 4 == 3) is in ``val``, the other three in ``train``. The
    official archive has no published hash; set ``sha256`` to pin the one you have.
    """

    Config = PennFudanConfig
    config: PennFudanConfig
    FILES = {
        "archive": RemoteFile(
            "PennFudanPed.zip",
            ("https://www.cis.upenn.edu/~jshi/ped_html/PennFudanPed.zip",),
            size=53_723_336,
            digest=None,
        )
    }

    def splits(self) -> tuple[str, ...]:
        return ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        return ("archive",)

    def whole_size(self, split: str) -> SplitSize:
        return _SIZES[split]

    def load(self, split: str, files: dict[str, Path]) -> Split:
        archive = files["archive"]
        with open_archive(archive) as opened:
            members = set(opened.names())
            names = sorted(
                name.removeprefix(_IMAGES) for name in members if name.startswith(_IMAGES) and name.endswith(".png")
            )
            chosen = [name for index, name in enumerate(names) if (index % 4 == 3) == (split == "val")]
            if not chosen:
                raise UserError(
                    f"{archive} has no image of the split {split!r} in {_IMAGES}.",
                    "Name an archive in Penn-Fudan's official layout under `archive`.",
                )
            for name in chosen:
                if _mask_name(name) not in members:
                    raise UserError(
                        f"{archive} has the image {name} but not its mask {_mask_name(name)}.",
                        "Download the archive again.",
                    )
            # A missing image would also move every later image to another place, and so across the splits.
            masks = {name for name in members if name.startswith(_MASKS) and name.endswith("_mask.png")}
            if orphans := masks - {_mask_name(name) for name in names}:
                raise UserError(
                    f"{archive} has the mask {min(orphans)} but not its image.", "Download the archive again."
                )
            size = sum(opened.size(_IMAGES + name) for name in chosen)
        return Split([dict(_CATEGORY)], chosen, partial(_samples, archive, chosen), size)


def _samples(path: Path, names: list[str], places: Sequence[int], counts: Counter[str]) -> Iterator[Sample]:
    with open_archive(path) as archive:
        for name in (names[place] for place in places):
            labels = _labels(archive, _mask_name(name))
            people = [_person(labels == label) for label in np.unique(labels) if label > 0]
            read = partial(archive.read, _IMAGES + name)
            yield Sample(name, read, people, declared_size=(labels.shape[1], labels.shape[0]))


def _mask_name(image_name: str) -> str:
    return f"{_MASKS}{image_name.removesuffix('.png')}_mask.png"


def _labels(archive: Archive, name: str) -> np.ndarray:
    """The mask image as (height, width) integers: 0 is background, every other value one person."""
    try:
        with Image.open(io.BytesIO(archive.read(name)), formats=["PNG"]) as image:
            labels = np.asarray(image)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(
            f"{archive.path}: the mask {name} is unreadable ({error}).", "Download the archive again."
        ) from None
    if labels.ndim != 2:
        raise UserError(f"{archive.path}: the mask {name} is not a label image.", "Download the archive again.")
    return labels


def _person(visible: np.ndarray) -> dict[str, Any]:
    """A COCO annotation from a person's visible pixels, (height, width) bool."""
    return {"category_id": 1, "iscrowd": 0, **mask_annotation(visible)}
