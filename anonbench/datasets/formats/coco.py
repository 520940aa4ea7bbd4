"""A user's own dataset in COCO's format: a folder of images and a JSON file for every split.

Split rule: the user's own, one entry of ``splits`` for each. Paths are relative to the working directory. Ids are kept.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.datasets.common_form import checked_name
from anonbench.datasets.formats import coco_categories
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.registry import require_split
from anonbench.datasets.size import SplitSize
from anonbench.datasets.sources import RemoteFile

FILES: dict[str, RemoteFile] = {}

# Annotation files up to this size in bytes are read to learn a split's size.
_READ_FOR_SIZE = 50_000_000


def needs(spec: dict[str, Any], split: str) -> tuple[str, ...]:
    """Nothing is fetched."""
    return ()


def load(spec: dict[str, Any], split: str, files: dict[str, Path] | None = None) -> Split:
    """Read one split's annotations, check that they and the images belong together, and stream the images.

    Parameters
    ----------
    spec
        ``splits`` (per split ``images``, a folder, and ``annotations``, a JSON file), ``people`` (names of the
        categories that are persons, default ``["person"]``), ``categories`` (names to keep besides the people's,
        default all) and ``sigmas`` (one OKS sigma for each keypoint, needed unless the keypoints are COCO's 17).
    split
        A key of ``splits``.
    files
        Unused: this format fetches nothing.

    Raises
    ------
    UserError
        If a file is missing, a category name does not exist, an id or name occurs twice, or an annotation belongs to
        no image.
    """
    require_split(split, spec["splits"], "The dataset")
    place = spec["splits"][split]
    path, folder = Path(place["annotations"]), Path(place["images"])
    content = read_coco(path)
    info: dict[str, Any] = {}
    categories = coco_categories.categories(content, path, spec, info)
    kept, known = {category["id"] for category in categories}, {category["id"] for category in content["categories"]}

    paths = _image_paths(content["images"], path, folder)
    by_image: dict[int, list[dict[str, Any]]] = defaultdict(list)
    counts: Counter[str] = Counter()
    for annotation in content["annotations"]:
        where = f"{path}: annotation {annotation.get('id')!r}"
        check_reference(annotation, "image_id", paths, "images", where)
        check_reference(annotation, "category_id", known, "categories", where)
        if annotation["category_id"] in kept:
            # Exporters often leave a wrong number here, and evaluation would ignore a person with zero keypoints.
            annotation.pop("num_keypoints", None)
            by_image[annotation["image_id"]].append(annotation)
        else:
            counts["annotations_left_out_of_other_categories"] += 1
    size = sum(image_path.stat().st_size for image_path in paths.values())
    return Split(categories, _samples(content["images"], paths, by_image), len(paths), size, info | counts)


def split_size(spec: dict[str, Any], split: str) -> SplitSize:
    """The size of a split, read from its annotations; of large ones only the files in the folder are counted."""
    place = spec["splits"][split]
    path = Path(place["annotations"])
    if path.stat().st_size > _READ_FOR_SIZE:
        return SplitSize(sum(len(files) for _, _, files in os.walk(place["images"])))
    content = read_coco(path)
    people = {category["id"] for category in content["categories"] if category.get("name") in spec["people"]}
    found = [annotation for annotation in content["annotations"] if annotation.get("category_id") in people]
    sizes = [image.get("width", 0) * image.get("height", 0) for image in content["images"]]
    occupied = len({annotation.get("image_id") for annotation in found})
    return SplitSize(len(sizes), len(found), occupied, round(sum(sizes) / len(sizes)) or None)


def read_coco(path: Path) -> dict[str, Any]:
    """A COCO JSON whose three lists exist and hold objects.

    Raises
    ------
    UserError
        If the file is missing, is no JSON, or is not in COCO's format.
    """
    content = read_json(path)
    for key in ("images", "annotations", "categories"):
        records = content.get(key) if isinstance(content, dict) else None
        if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
            raise UserError(
                f"{path} has no list `{key}` of objects.", "Name a file in COCO's format under `annotations`."
            )
    for key in ("images", "categories"):
        if not content[key]:
            raise UserError(
                f"{path} lists no {key}: the split is empty.", "Name a file with content under `annotations`."
            )
        ids = [record.get("id") for record in content[key]]
        wrong = [value for value in ids if type(value) is not int]
        if wrong or len(set(ids)) < len(ids):
            what = f"the id {wrong[0]!r}, which is not a whole number," if wrong else "an id twice"
            raise UserError(f"{path} has {what} in `{key}`.", "Give every record its own whole number.")
    return content


def declared_size(image: dict[str, Any]) -> tuple[int, int] | None:
    """The (width, height) px of an image's record; None where it has none, or the 0 that some exporters write."""
    size = (image.get("width"), image.get("height"))
    return size if all(type(value) is int and value > 0 for value in size) else None


def check_reference(annotation: dict[str, Any], key: str, known: Container[int], listed: str, where: str) -> None:
    """Stop for an annotation whose ``key`` is not among the ``known`` ids that the file lists under ``listed``."""
    value = annotation.get(key)
    if type(value) is not int or value not in known:
        raise UserError(
            f"{where} has the {key} {value!r}, which the file does not list under `{listed}`.",
            f"Add it to `{listed}`, or remove the annotation.",
        )


def _image_paths(images: list[dict[str, Any]], path: Path, folder: Path) -> dict[int, Path]:
    """Every listed image's file by image id; names are unique and all files exist."""
    paths: dict[int, Path] = {}
    names: set[str] = set()
    missing = []
    for image in images:
        name = checked_name(image.get("file_name"), str(path))
        if name in names:
            raise UserError(f"{path} lists the image {name!r} twice.", "Give every image its own file_name.")
        names.add(name)
        paths[image["id"]] = folder / name
        if not paths[image["id"]].is_file():
            missing.append(name)
    if missing:
        raise UserError(
            f"{path} lists {len(missing)} image(s) that {folder} does not hold, the first is {missing[0]!r}.",
            "Restore them, correct the folder under `images`, or remove them from the file.",
        )
    return paths


def _samples(
    images: list[dict[str, Any]], paths: dict[int, Path], by_image: dict[int, list[dict[str, Any]]]
) -> Iterator[Sample]:
    for image in images:
        yield Sample(
            checked_name(image["file_name"], ""),
            paths[image["id"]],
            by_image.get(image["id"], []),
            image["id"],
            declared_size(image),
        )
