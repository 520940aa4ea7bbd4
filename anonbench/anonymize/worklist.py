"""Which images a variant changes, and how they are dealt out to shards."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, write_json
from anonbench.common.folders import replacing
from anonbench.regions.files import read_regions

# Images that stay in one shard, side by side. Methods that work on several images at once form their groups within a
# block, so that the same images meet whatever the number of shards: convolutions of other batches round otherwise.
BLOCK = 32


@dataclass(frozen=True)
class WorkList:
    """The images with regions of one shard of a split, in the split's order.

    Parameters
    ----------
    dataset, split
        Names.
    region
        ``face`` or ``body``.
    keypoint_names
        What the regions' keypoints are, in their order; empty where there are none, or people's differ by category.
    regions_sha256
        Hash of the region file: shards of different ones are never composed.
    shard, shards
        This one's number, from 1, and how many there are.
    images
        ``file_name``, ``width``, ``height`` px, ``sha256``, and ``regions``, the records of the region file.
    """

    dataset: str
    split: str
    region: str
    keypoint_names: list[str]
    regions_sha256: str
    shard: int
    shards: int
    images: list[dict[str, Any]]


def work_of(originals: Path, regions: Path, dataset: str, split: str) -> WorkList:
    """All images of a split that have regions, as one shard.

    Parameters
    ----------
    originals
        Manifest of the variant ``original``.
    regions
        Region file of the same split, which has to know exactly the same images.

    Raises
    ------
    UserError
        If the files are not of the same images, or not of this dataset and split.
    """
    mend = "Delete the region file and run the workflow again."
    value = read_regions(regions)
    if (value["dataset"], value["split"]) != (dataset, split):
        raise UserError(
            f"{regions} holds the regions of {value['dataset']} {value['split']}, not of {dataset} {split}.", mend
        )
    found = {image["file_name"]: image for image in value["images"]}
    listed = read_json(originals)["images"]
    images = []
    for image in listed:
        name = image["file_name"]
        if name not in found:
            raise UserError(f"{regions} lacks the image {name!r} of {originals}.", mend)
        if found[name]["regions"]:
            known = {key: found[name][key] for key in ("file_name", "width", "height", "regions")}
            images.append(known | {"sha256": image["sha256"]})
    if len(value["images"]) != len(listed):
        raise UserError(f"{regions} lists {len(value['images'])} images, {originals} {len(listed)}.", mend)
    names = value.get("keypoint_names", [])
    return WorkList(dataset, split, value["region"], names, sha256_file(regions), 1, 1, images)


def deal(work: WorkList, shards: int) -> list[WorkList]:
    """The work in ``shards`` parts: blocks of :data:`BLOCK` images in turn, so that every part gets a fair mix."""
    parts: list[list[dict[str, Any]]] = [[] for _ in range(shards)]
    for index, image in enumerate(work.images):
        parts[index // BLOCK % shards].append(image)
    return [replace(work, shard=n, shards=shards, images=part) for n, part in enumerate(parts, start=1)]


def write_lists(lists: list[WorkList], folder: Path, manifest: Path) -> None:
    """Write ``{shard}.json`` for every list into ``folder`` and, last, a manifest with the hash of each."""
    with replacing(Path(folder)) as partial:
        digests = {}
        for work in lists:
            path = partial / list_name(work.shard)
            write_json(path, asdict(work))
            digests[path.name] = sha256_file(path)
        Path(manifest).unlink(missing_ok=True)
    write_json(manifest, {"lists": digests, "images": sum(len(work.images) for work in lists)})


def read_list(path: Path) -> WorkList:
    """A list that :func:`write_lists` wrote.

    Raises
    ------
    UserError
        If the file is missing or is no such list.
    """
    try:
        return WorkList(**read_json(path))
    except TypeError:
        raise UserError(f"{path} is no list of images to anonymize.", "Delete it and run the workflow again.") from None


def list_name(shard: int) -> str:
    """The file name of a shard's list."""
    return f"{shard}.json"
