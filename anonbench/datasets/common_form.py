"""Writes a dataset split in the common form: normalised images in a folder and one COCO JSON, whole or not at all."""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.files import JsonList, naming, require_space, sha256_of, write_json_object
from anonbench.common.folders import replacing
from anonbench.common.images import decode, encode
from anonbench.datasets.annotations import clean
from anonbench.datasets.names import checked_name, kept_name, shown
from anonbench.datasets.pictures import normalise
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.strangers import Search, painted, record_of

log = logging.getLogger(__name__)

# Images that must be decoded and encoded again grow; most are only copied.
_SPACE_FACTOR = 1.5
_MAX_LISTED = 20
_FATES = {
    "leave": "left_visible",
    "ignore": "left_visible_and_ignored",
    "hide": "hidden_in_variants",
    "hide_everywhere": "hidden_everywhere",
}
_WARNINGS = (
    "people_not_located",
    "people_whose_box_and_mask_contradict_each_other",
    *(f"people_not_annotated_{_FATES[policy]}" for policy in ("leave", "ignore")),
)


def write_split(
    split: Split,
    *,
    dataset: str,
    name: str,
    images_dir: Path,
    annotations: Path,
    source: str | None = None,
    search: Search | None = None,
) -> None:
    """Write one split in the common form.

    Every image becomes an 8-bit RGB JPEG or PNG without metadata (:func:`anonbench.datasets.pictures.normalise`) and
    every annotation is checked (:func:`anonbench.datasets.annotations.clean`). The JSON's ``info`` has the scoring
    protocol, if it is not COCO's, and counts what was changed or left out. An image's ``unlocated`` counts the people
    whom the source lists without saying where they are; they have no annotation. Images are written into a hidden
    sibling folder that takes its final name at the end, and the JSON, which is the split's manifest, appears last.
    Until then, annotations are kept on disk: COCO's would fill the memory.

    Parameters
    ----------
    split
        The categories and the samples.
    dataset, name
        Names of the dataset and of the split.
    images_dir
        The folder of images to make; an existing one is replaced.
    annotations
        The JSON file to write.
    source
        The file that messages blame for a wrong annotation; None blames the dataset and split by name.
    search
        Finds unannotated people; None looks for nobody. An image's ``strangers`` counts them.

    Raises
    ------
    UserError
        If images are unusable, of which one message lists the first, an annotation is, a name or id occurs twice, the
        split is empty, or the disk is too small.
    """
    images_dir, annotations = Path(images_dir), Path(annotations)
    require_space(images_dir, int(split.bytes_expected * _SPACE_FACTOR), f"Converting {dataset}/{name}")
    annotations.unlink(missing_ok=True)
    spool = JsonList(annotations.with_name(f".{annotations.name}.annotations"))
    try:
        with spool:
            with replacing(images_dir) as partial:
                writer = _Writer(split, partial, spool, source or f"{dataset}/{name}", search)
                everything, title = range(len(split.names)), f"{dataset}/{name}"
                samples = split.read(everything, writer.counts)
                for sample in tqdm(samples, total=len(everything), desc=title, unit="image", mininterval=1):
                    writer.add(sample)
                head = {"dataset": dataset, "split": name}
                head |= {"protocol": split.protocol} if split.protocol else {}
                head |= {"unannotated": search.policy} if search else {}
                content = writer.content(head | split.info)
            write_json_object(annotations, content)
    except BaseException:
        if not annotations.exists():
            shutil.rmtree(images_dir, ignore_errors=True)
        raise
    counted = {what: count for what, count in split.info.items() if type(count) is int} | writer.counts
    for what, count in sorted(counted.items()):
        level = logging.WARNING if what in _WARNINGS else logging.INFO
        log.log(level, "%s/%s: %s: %d", dataset, name, what.replace("_", " "), count)


class _Writer:
    """Collects the JSON's records while it writes the images."""

    def __init__(self, split: Split, folder: Path, annotations: JsonList, source: str, search: Search | None) -> None:
        self.categories = split.categories
        self.counts: Counter[str] = Counter()
        self._folder, self._source, self._search = folder, source, search
        self._in_order = split.in_order
        self._images: list[dict[str, Any]] = []
        self._annotations = annotations
        self._names: set[str] = set()
        self._broken: list[UserError] = []
        self._image_ids, self._annotation_ids = _Ids(), _Ids(split.annotation_ids)
        self._by_id = {category["id"]: category for category in self.categories}
        if len(self._by_id) != len(self.categories):
            raise UserError(f"{source} has a category id twice.", "Give every category its own id.")

    def add(self, sample: Sample) -> None:
        """Write one image and keep its records; of a broken one, keep what is wrong with it."""
        name = checked_name(sample.file_name, self._source)
        where = shown(sample.image) if isinstance(sample.image, Path) else f"{self._source}: {shown(name)}"
        image = sample.image() if callable(sample.image) else sample.image
        try:
            picture = normalise(
                _read(image) if isinstance(image, Path) else image,
                name,
                sample.declared_size,
                turn=sample.turn,
                where=where,
            )
        except UserError as error:
            self._broken.append(error)
            return
        kept, changes = kept_name(picture.file_name)
        if kept in self._names:
            raise UserError(f"{self._source} has the image {kept!r} twice.", "Give every image its own name.")
        self._names.add(kept)
        self.counts.update(f"images_{change}" for change in picture.changes)
        self.counts.update(f"names_{change}" for change in changes)
        image_id = self._image_ids.take(sample.image_id, f"{self._source}: the image {name!r}")
        people, unlocated = [], 0
        for annotation in sample.annotations:
            one, is_person = self._annotate(annotation, image_id, (picture.width, picture.height), name)
            unlocated += is_person and one is None
            people += [one] if is_person and one else []
        data, strangers = self._without_strangers(picture.data, kept, people, image_id)
        target = self._folder / kept
        target.parent.mkdir(parents=True, exist_ok=True)
        with naming(target):
            target.write_bytes(data)
        record = {
            "id": image_id,
            "file_name": kept,
            "width": picture.width,
            "height": picture.height,
            "sha256": sha256_of(data),
            **sample.image_fields,
        }
        noted = {"unlocated": unlocated, "strangers": strangers}
        self._images.append(record | {key: count for key, count in noted.items() if count})

    def _without_strangers(
        self, data: bytes, name: str, people: list[dict[str, Any]], image_id: int
    ) -> tuple[bytes, int]:
        """The image as it is to be written, and how many unannotated people are in it."""
        if self._search is None:
            return data, 0
        image = decode(data, name)
        boxes = self._search.strangers(image, people)
        if not len(boxes):
            return data, 0
        self.counts["images_with_people_not_annotated"] += 1
        self.counts[f"people_not_annotated_{_FATES[self._search.policy]}"] += len(boxes)
        if self._search.policy == "hide_everywhere":
            data = encode(painted(image, boxes), Path(name).suffix)
        elif self._search.policy != "leave":
            category = next(key for key, category in self._by_id.items() if category["is_person"])
            for box in boxes:
                own = self._annotation_ids.take(None, name)
                record = record_of(box, category, self._search.policy)
                self._annotations.append({"id": own, "image_id": image_id, **record})
        return data, len(boxes)

    def _annotate(
        self, annotation: dict[str, Any], image_id: int, size: tuple[int, int], name: str
    ) -> tuple[dict[str, Any] | None, bool]:
        """Keep an annotation's record, if it has a place; and whether it is a person."""
        own = annotation.get("id")
        label = "an annotation" if own is None else f"annotation {own!r}"
        where = f"{self._source}: {label} of the image {name!r}"
        category = self._by_id.get(annotation.get("category_id"))
        if category is None:
            raise UserError(
                f"{where} has the unknown category_id {annotation.get('category_id')!r}.",
                "Correct it, or add the category.",
            )
        # COCO's evaluation reads an annotation id of 0 as "not matched", so such a record never counts as found.
        if own == 0:
            own = None
            self.counts["annotation_ids_of_zero_replaced"] += 1
        record = clean(annotation, category, size, self.counts, where=where, keep=self._in_order)
        if record is not None:
            self._annotations.append({"id": self._annotation_ids.take(own, where), "image_id": image_id, **record})
        return record, category["is_person"]

    def content(self, info: dict[str, Any]) -> dict[str, Any]:
        """The whole JSON, its annotations still on disk."""
        if self._broken:
            raise _all_of(self._broken, self._source)
        if not self._images or not self._annotations:
            what = "image" if not self._images else "usable annotation"
            if lost := self.counts["people_not_located"]:
                what += f": {lost} people have no box with an extent inside the image, no mask and too few keypoints"
            raise UserError(
                f"The split {info['split']!r} of {self._source} has no {what}.", "Name the right files for it."
            )
        return {
            "info": info | dict(sorted(self.counts.items())),
            "images": self._images,
            "annotations": self._annotations,
            "categories": self.categories,
        }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{shown(path)} cannot be read ({error.strerror}).", "Restore the image.") from None


def _all_of(broken: list[UserError], source: str) -> UserError:
    """One message for all broken images."""
    if len(broken) == 1:
        return broken[0]
    lines = [f"- {error.problem}" for error in broken[:_MAX_LISTED]]
    if len(broken) > _MAX_LISTED:
        lines.append(f"- and {len(broken) - _MAX_LISTED} more")
    return UserError(
        f"{len(broken)} images of {source} cannot be used:\n" + "\n".join(lines) + "\n",
        "Replace them, or take them out of the dataset.",
    )


class _Ids:
    """Hands out ids: those that records have are kept; the others get the smallest number that is not taken yet.

    ``reserved`` are those of records to come.
    """

    def __init__(self, reserved: frozenset[int] = frozenset()) -> None:
        self._taken: set[int] = set()
        self._reserved = reserved
        self._next = 1

    def take(self, own: Any, where: str) -> int:
        if own is None:
            while self._next in self._taken or self._next in self._reserved:
                self._next += 1
            own = self._next
        if type(own) is not int or own < 0:
            raise UserError(f"{where} has an id that is not a whole number: {own!r}.", "Number them from 1.")
        if own in self._taken:
            raise UserError(f"{where} has an id that occurs twice: {own}.", "Give every record its own id.")
        self._taken.add(own)
        return own
