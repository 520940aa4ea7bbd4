"""A user's own dataset."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from anonbench.common.errors import UserError
from anonbench.common.validation import Model
from anonbench.config.types import NonEmpty, Reading
from anonbench.datasets.content import listed_digest
from anonbench.datasets.format import SplitSize
from anonbench.datasets.listed import ListedConfig, ListedFormat, Splits
from anonbench.datasets.names import checked_name
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.tables import coco_categories
from anonbench.datasets.tables.coco_json import check_reference, declared_size, group_of, own_ids, read_coco

# Annotation files up to this size in bytes are read to learn a split's size.
READ_FOR_SIZE = 50_000_000


class CocoSplit(Model):
    """One split of a COCO-format dataset: a folder of images and a JSON file."""

    images: str
    annotations: str


class CocoSplits(Splits[CocoSplit]):
    """The folder of images and the annotations of each split."""


class CocoConfig(ListedConfig):
    """A user's own dataset in COCO's format.

    ``people`` names the categories that are persons, and ``sigmas`` has one OKS sigma per keypoint, needed unless the
    keypoints are COCO's 17. ``crowds`` says whether annotations marked ``iscrowd`` are ignored by training and scoring,
    as in COCO, or learned like all others.
    ``orientation`` says how images with an EXIF orientation were annotated where the annotations do not tell, and
    ``checked`` that boxes and masks are right on the images, however implausible they look.
    """

    format: Literal["coco"]
    splits: CocoSplits
    people: Annotated[list[str], NonEmpty] = ["person"]
    sigmas: list[Annotated[float, Field(gt=0)]] | None = None
    crowds: Literal["ignore", "learn"] | None = None
    orientation: Reading | None = None
    checked: bool = False


class Coco(ListedFormat):
    """A user's own dataset in COCO's format: a folder of images and a JSON file for every split.

    Split rule: the user's own, one entry of ``splits`` for each. Paths are relative to the working directory. Ids are
    kept, as are ``identity``, ``outfit`` and ``attributes`` of annotations.
    """

    Config = CocoConfig
    config: CocoConfig

    def identifies(self) -> bool:
        return True  # whether annotations have an `identity` shows when they are read

    def check(self) -> None:
        super().check()
        for split in self.splits():
            folder, annotations = self._place(split)
            if not folder.is_dir():
                raise UserError(
                    f"`splits.{split}.images` names {folder}, which is not a directory.", "Correct the path."
                )
            if next(folder.iterdir(), None) is None:
                raise UserError(
                    f"`splits.{split}.images` names {folder}, which is empty.", "Name the folder with the images."
                )
            if not annotations.is_file():
                raise UserError(
                    f"`splits.{split}.annotations` names {annotations}, which does not exist.", "Correct the path."
                )

    def local_files(self, split: str) -> tuple[Path, ...]:
        return (self._place(split)[1],)

    def fingerprint(self, split: str) -> str:
        folder, path = self._place(split)
        return listed_digest(path, folder, lambda: [image.get("file_name") for image in read_coco(path)["images"]])

    def people(self) -> tuple[str, ...]:
        return tuple(self.config.people)

    def whole_size(self, split: str) -> SplitSize | None:
        # Read from the annotations. Of large ones, and of unreadable ones, whose conversion says why, only the files in
        # the folder are counted.
        folder, path = self._place(split)
        try:
            content = read_coco(path) if path.stat().st_size <= READ_FOR_SIZE else None
        except UserError:
            content = None
        if content is None:
            return SplitSize(sum(len(files) for _, _, files in os.walk(folder)))
        people = {category["id"] for category in content["categories"] if category.get("name") in self.config.people}
        found = [a for a in content["annotations"] if type(a.get("category_id")) is int and a["category_id"] in people]
        sizes = [width * height for width, height in (declared_size(i) or (0, 0) for i in content["images"])]
        occupied = len({str(annotation.get("image_id")) for annotation in found})
        return SplitSize(len(sizes), len(found), occupied, round(sum(sizes) / len(sizes)) or None)

    def load(self, split: str, files: dict[str, Path]) -> Split:
        # Both import what decodes images and masks, and only a conversion needs it.
        from anonbench.datasets.annotations import crowd_flag
        from anonbench.datasets.survey import survey

        folder, path = self._place(split)
        content = read_coco(path)
        categories = coco_categories.categories(
            content,
            path,
            people=self.config.people,
            sigmas=self.config.sigmas,
        )
        known = {category["id"] for category in categories}

        paths = _image_paths(content["images"], path, folder)
        by_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
        counts: Counter[str] = Counter()
        for annotation in content["annotations"]:
            where = f"{path}: annotation {annotation.get('id')!r}"
            check_reference(annotation, "image_id", paths, "images", where)
            check_reference(annotation, "category_id", known, "categories", where)
            # Exporters often leave a wrong number here, and evaluation would ignore a person with zero keypoints.
            annotation.pop("num_keypoints", None)
            annotation.setdefault("area", None)
            annotation["iscrowd"] = crowd_flag(annotation.get("iscrowd"), where)
            by_image[annotation["image_id"]].append(annotation)
        self._read_crowds([a for annotations in by_image.values() for a in annotations], path, counts)
        people = {category["id"] for category in categories if category["is_person"]}
        turns = survey(
            content["images"],
            paths,
            by_image,
            people,
            counts,
            where=str(path),
            orientation=self.config.orientation,
            checked=self.config.checked,
        )
        images = content["images"]

        def read(places: Sequence[int], counts: Counter[str]) -> Iterator[Sample]:
            for image in (images[place] for place in places):
                yield Sample(
                    image["file_name"],
                    paths[image["id"]],
                    by_image.get(image["id"], []),
                    image["id"],
                    declared_size(image),
                    group_of(image, path),
                    turn=turns[image["id"]],
                )

        size = sum(image_path.stat().st_size for image_path in paths.values())
        ids = own_ids(content["annotations"], path)
        return Split(categories, [image["file_name"] for image in images], read, size, counts, annotation_ids=ids)

    def _read_crowds(self, annotations: list[dict[str, Any]], path: Path, counts: Counter[str]) -> None:
        """Read the marks of crowds as the user says, and stop where they leave nothing to learn or to score."""
        crowds = [annotation for annotation in annotations if annotation["iscrowd"]]
        if self.config.crowds == "learn":
            for annotation in crowds:
                annotation["iscrowd"] = 0
            counts["crowds_read_as_single_instances"] = len(crowds)
            return
        masks = [annotation for annotation in annotations if annotation.get("segmentation")]
        if crowds and len(crowds) == len(annotations):
            what = f"all {len(annotations)} annotations"
        elif self.config.crowds is None and masks and all(annotation["iscrowd"] for annotation in masks):
            what = f"all {len(masks)} masks"
        else:
            return
        fix = "set the dataset's `crowds` to `learn` if they are single people and things"
        if len(crowds) < len(annotations):
            fix += ", or to `ignore` if they are crowds indeed"
        raise UserError(
            f"{path}: {what} are marked `iscrowd: 1`, which are neither learned nor scored; CVAT marks every mask that"
            " was drawn with a brush so.",
            f"{fix[0].upper()}{fix[1:]}.",
        )

    def _place(self, split: str) -> tuple[Path, Path]:
        """The split's folder of images and its annotation file."""
        place = getattr(self.config.splits, split)
        return Path(place.images), Path(place.annotations)


def _image_paths(images: list[dict[str, Any]], path: Path, folder: Path) -> dict[int, Path]:
    """Every listed image's file by image id; names, which are made relative paths, are unique, and all files exist."""
    paths: dict[int, Path] = {}
    names: set[str] = set()
    missing = []
    for image in images:
        name = image["file_name"] = checked_name(image.get("file_name"), str(path))
        if name in names:
            raise UserError(f"{path} lists the image {name!r} twice.", "Give every image its own file_name.")
        names.add(name)
        paths[image["id"]] = folder / name
        if not paths[image["id"]].is_file():
            missing.append(name)
    if missing:
        what = " (a broken link)" if (folder / missing[0]).is_symlink() else ""
        raise UserError(
            f"{path} lists {len(missing)} image(s) that {folder} does not hold, the first is {missing[0]!r}{what}.",
            "Restore them, correct the folder under `images`, or remove them from the file.",
        )
    return paths
