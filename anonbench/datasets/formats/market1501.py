"""Market-1501: pedestrians, cropped, by six cameras."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from anonbench.common.errors import UserError
from anonbench.config.datasets import ArchiveConfig
from anonbench.datasets.archive import Archive, open_archive
from anonbench.datasets.format import Format, SplitSize
from anonbench.datasets.members import under
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.recurring import recurring
from anonbench.datasets.sources import RemoteFile

CATEGORY = {"id": 1, "name": "person", "supercategory": "person", "is_person": True}
SIZE = (64, 128)  # (width, height) px
_FOLDERS = {"train": ("bounding_box_train",), "val": ("query", "bounding_box_test")}
# What the detector found that is nobody, and people of whom nothing else is known.
_NOBODY = {"-1": "images_left_out_junk", "0000": "images_left_out_distractors"}
_NAME = re.compile(r"(?P<person>-1|\d{4})_c(?P<camera>\d)s\d_\d{6}_\d{2}\.jpg")
# Of 751 and of 750 people, in the official archive.
_SIZES = {"train": 12_936, "val": 3_368 + 13_115}


class Market1501Config(ArchiveConfig):
    """Market-1501, from a local archive."""

    format: Literal["market1501"]


class Market1501(Format):
    """Market-1501: 29,419 crops, 64 x 128 px, of 1,501 pedestrians before a supermarket, by six cameras.

    Zheng, Shen, Tian, Wang, Wang, Tian: Scalable Person Re-identification: A Benchmark, ICCV 2015;
    http://zheng-lab.cecs.anu.edu.au/Project/project_reid.html. A name such as ``0002_c1s1_000451_03.jpg`` says the
    person, the camera, the sequence, the frame and the box. The person -1 is junk, boxes that hold hardly anybody, and
    0000 are distractors; both are left out and counted. A person's box is the crop; an image has its ``camera``.

    Split rule: the official one; ``train`` is ``bounding_box_train``, ``val`` is ``query`` and ``bounding_box_test``.
    Who has a single photograph there is left out and counted.
    """

    Config = Market1501Config
    config: Market1501Config
    REGIONS = ("body",)
    FEWER = "Leave the key out."
    FILES = {
        # The MD5 is open-reid's (https://github.com/Cysu/open-reid), the size about what is published.
        "archive": RemoteFile(
            "Market-1501-v15.09.15.zip",
            (),
            size=153_000_000,
            digest="md5:65005ab7d12ec1c44de4eeafe813e68a",
            login="Download it from http://zheng-lab.cecs.anu.edu.au/Project/project_reid.html.",
        )
    }

    def identifies(self) -> bool:
        return True

    def splits(self) -> tuple[str, ...]:
        return ("train", "val")

    def needs(self, split: str) -> tuple[str, ...]:
        return ("archive",)

    def whole_size(self, split: str) -> SplitSize:
        count = _SIZES[split]
        return SplitSize(count, count, count, SIZE[0] * SIZE[1], bodies=1.0)

    def load(self, split: str, files: dict[str, Path]) -> Split:
        path = files["archive"]
        counts: Counter[str] = Counter()
        with open_archive(path) as archive:
            people, members = _photographs(archive, split, counts)
            others, _ = _photographs(archive, "val" if split == "train" else "train", Counter())
            kept = recurring(people, 2, None, counts)
            if not kept:
                raise UserError(
                    f"{path} has nobody with two photographs in the split {split!r}.",
                    "Name an archive in Market-1501's official layout under `archive`.",
                )
            if both := kept.keys() & others.keys():
                raise UserError(
                    f"{path} has the person {min(both):04d} in both splits, whose people must differ.",
                    "Download the archive again.",
                )
            chosen = [(person, name) for person, names in kept.items() for name in names]
            size = sum(archive.size(members[name]) for _, name in chosen)
        names = [name for _, name in chosen]
        return Split([dict(CATEGORY)], names, partial(_samples, path, chosen, members), size, counts)


def _photographs(archive: Archive, split: str, counts: Counter[str]) -> tuple[dict[int, list[str]], dict[str, str]]:
    """The names of each person's photographs in a split, and the member that each is."""
    people: dict[int, list[str]] = defaultdict(list)
    members: dict[str, str] = {}
    for folder in _FOLDERS[split]:
        for file, member in under(archive, f"{folder}/").items():
            match = _NAME.fullmatch(file)
            if match is None:
                counts["files_left_out_other_names"] += 1
            elif match["person"] in _NOBODY:
                counts[_NOBODY[match["person"]]] += 1
            else:
                name = f"{folder}/{file}"
                people[int(match["person"])].append(name)
                members[name] = member
    return people, members


def _samples(
    path: Path, chosen: list[tuple[int, str]], members: dict[str, str], places: Sequence[int], counts: Counter[str]
) -> Iterator[Sample]:
    with open_archive(path) as archive:
        for person, name in (chosen[place] for place in places):
            camera = int(_NAME.fullmatch(Path(name).name)["camera"])
            record = {
                "category_id": CATEGORY["id"],
                "bbox": [0, 0, *SIZE],
                "area": SIZE[0] * SIZE[1],
                "iscrowd": 0,
                "identity": person,
            }
            read = partial(archive.read, members[name])
            yield Sample(name, read, [record], declared_size=SIZE, image_fields={"camera": camera})
