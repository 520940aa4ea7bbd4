"""What is known of a dataset before it is used: what its file says, what is wrong, and who would stay visible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from anonbench.cli.given import converted
from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.common.images import decode
from anonbench.config.regions import FaceRegionConfig, RegionsConfig
from anonbench.detect.beside import beside
from anonbench.detect.detector import Detector
from anonbench.regions.build import build_regions
from anonbench.regions.files import RegionCounts, RegionFile, decode_region
from anonbench.regions.footprint import footprint

# What a user may answer to a question of the conversion; each is tried, so that what lies behind it is told as well.
_ANSWERS = ({"checked": True}, {"orientation": "displayed"}, {"crowds": "learn"})
LISTED = 20


@dataclass
class Strangers:
    """People that a detector finds beside the annotated ones: how many, and in which images (the most first)."""

    found: int = 0
    matched: int = 0
    images: list[tuple[str, int]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(count for _, count in self.images)


@dataclass
class Inspection:
    """What :func:`inspect` found.

    Parameters
    ----------
    problems
        What stops a study, one message each.
    images, sizes
        How many images there are, and the widths and heights in px of the smallest and the largest.
    categories
        name -> (number of annotations, crowds among them, whether it is a person, its keypoints).
    located
        How people are located: ``mask``, ``box``, ``keypoints``.
    info
        What the conversion counted, in its words.
    regions
        By region, what its regions are; without those that the dataset cannot have.
    strangers
        People whom a detector finds besides; None where none was asked.
    """

    problems: list[str] = field(default_factory=list)
    images: int = 0
    sizes: tuple[tuple[int, int], tuple[int, int]] | None = None
    categories: dict[str, tuple[int, int, bool, int]] = field(default_factory=dict)
    located: Counter[str] = field(default_factory=Counter)
    info: dict[str, Any] = field(default_factory=dict)
    regions: dict[str, RegionCounts] = field(default_factory=dict)
    strangers: Strangers | None = None

    @property
    def is_safe(self) -> bool:
        """Whether nothing stops a study, and no detector finds anybody who would stay visible."""
        return not self.problems and not (self.strangers and self.strangers.count)


def inspect(entry: dict[str, Any], split: str, folder: Path, detect: Detector | None) -> Inspection:
    """Convert a split, find its regions, and let a detector look for the people they leave out.

    Parameters
    ----------
    entry
        The dataset's entry in the configuration.
    split
        One of its splits.
    folder
        Where to convert to.
    detect
        Finds people; None to look for nobody beside the annotated ones, and for no faces beside theirs.
    """
    found = Inspection()
    config = RegionsConfig(face=FaceRegionConfig(unannotated="hide" if detect else "leave"))
    made = _converted(entry, split, folder, found)
    if made is None:
        return found
    annotations, images = made
    content = read_made(annotations)
    _count(content, found)
    for region in ("body", "face"):
        try:
            regions = build_regions(annotations, images, region, config)
        except UserError as error:
            if region == "face":
                found.problems.append(str(error))
            continue
        found.regions[region] = regions.counts
        if region == "body" and detect:
            found.strangers = _strangers(regions, images, detect)
    return found


def _converted(entry: dict[str, Any], split: str, folder: Path, found: Inspection) -> tuple[Path, Path] | None:
    """The converted split; each problem is kept, and what the user may answer to it is tried."""
    answers: list[dict[str, Any]] = list(_ANSWERS)
    while True:
        try:
            return converted(entry, split, folder)
        except UserError as error:
            if str(error) not in found.problems:
                found.problems.append(str(error))
            answer = next((one for one in answers if f"`{next(iter(one))}`" in error.fix), None)
            if answer is None:
                return None
            answers.remove(answer)
            entry = entry | answer


def _count(content: dict[str, Any], found: Inspection) -> None:
    images = content["images"]
    sizes = [(image["width"], image["height"]) for image in images]
    found.images = len(images)
    found.sizes = min(sizes, key=np.prod), max(sizes, key=np.prod)
    found.info = {key: value for key, value in content["info"].items() if key not in ("dataset", "split")}
    for category in content["categories"]:
        own = [a for a in content["annotations"] if a["category_id"] == category["id"]]
        crowds = sum(a.get("iscrowd", 0) for a in own)
        found.categories[category["name"]] = (
            len(own), crowds, bool(category.get("is_person")), len(category.get("keypoints") or []),
        )  # fmt: skip
        if category.get("is_person"):
            found.located.update(
                "mask" if a.get("segmentation") else "keypoints" if a.get("bbox_source") else "box" for a in own
            )


def _strangers(regions: RegionFile, images: Path, detect: Detector) -> Strangers:
    found = Strangers()
    counts = []
    for image in tqdm(regions.images, desc="search for people", unit="image", mininterval=1):
        known = [
            footprint(decode_region(record), (image.height, image.width), lambda side: 0).box
            for record in image.regions
        ]
        boxes = detect(decode(images / image.file_name)).boxes
        strange = beside(boxes, known)
        found.found += len(boxes)
        found.matched += int((~strange).sum())
        if strange.any():
            counts.append((image.file_name, int(strange.sum())))
    found.images = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return found


def report(found: Inspection, title: str) -> str:
    """The inspection as a Markdown page that a person reads."""
    lines = [f"# {title}", "", f"**{_verdict(found)}**", ""]
    if found.problems:
        lines += ["## What stops a study", "", *(f"{i}. {text}" for i, text in enumerate(found.problems, 1)), ""]
    if not found.images:
        return "\n".join(lines)
    small, large = (f"{width} x {height}" for width, height in found.sizes)
    lines += ["## What the file holds", "", f"{found.images:,} images of {small} to {large} px.", ""]
    lines += _table(
        ["category", "annotations", "of them crowds", "a person", "keypoints"],
        [
            [name, f"{count:,}", f"{crowds:,}", "yes" if person else "", str(keypoints or "")]
            for name, (count, crowds, person, keypoints) in found.categories.items()
        ],
    )
    where = ", ".join(f"{count:,} by {what}" for what, count in found.located.most_common())
    lines += [f"People are located {where or 'nowhere'}.", ""]
    changed = {what: count for what, count in found.info.items() if count}
    if changed:
        lines += ["## What was read otherwise, or left out", ""]
        lines += [f"- {what.replace('_', ' ')}: {_value(value)}" for what, value in changed.items()] + [""]
    lines += ["## What variants would hide", ""]
    lines += _table(
        ["", *found.regions],
        [
            [field.replace("_", " "), *(f"{getattr(counts, field):,}" for counts in found.regions.values())]
            for field in RegionCounts.model_fields
            if any(getattr(counts, field) for counts in found.regions.values())
        ],
    )
    if found.strangers:
        lines += _about(found.strangers)
    return "\n".join(lines)


def _verdict(found: Inspection) -> str:
    if found.problems:
        return f"Not usable as it is: {len(found.problems)} problem(s) below."
    if found.strangers and found.strangers.count:
        return f"Somebody would stay visible: a detector finds {found.strangers.count:,} unannotated people."
    hidden = max((counts.images_hidden for counts in found.regions.values()), default=0)
    rest = f" {hidden:,} images are hidden as a whole." if hidden else ""
    searched = "" if found.strangers else " No detector has looked for others."
    return f"Nobody who is annotated would be left visible.{rest}{searched}"


def _about(strangers: Strangers) -> list[str]:
    lines = ["## People beside the annotated ones", ""]
    lines.append(
        f"The detector finds {strangers.found:,} people, {strangers.matched:,} of them annotated;"
        f" {strangers.count:,} in {len(strangers.images):,} images are not."
    )
    lines += ["", *(f"- {name}: {count}" for name, count in strangers.images[:LISTED])]
    if len(strangers.images) > LISTED:
        lines.append(f"- and {len(strangers.images) - LISTED:,} more images")
    return [*lines, ""]


def _value(value: Any) -> str:
    return (
        ", ".join(map(str, value))
        if isinstance(value, list)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]
    return [*lines, ""]
