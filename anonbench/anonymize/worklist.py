"""Which images a variant changes, and how they are dealt out to shards."""

from __future__ import annotations

from pathlib import Path

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.common.folders import replacing
from anonbench.common.records import Record, read_record, write_record
from anonbench.config.types import Region
from anonbench.regions.files import RegionCounts, RegionRecord, read_regions
from anonbench.variants.manifest import Deal, Manifest

# Images that stay in one shard, side by side. Methods that work on several images at once form their groups within a
# block, so that the same images meet whatever the number of shards: convolutions of other batches round otherwise.
BLOCK = 32


class WorkImage(Record):
    """An image of ``width`` x ``height`` px that has regions, and the hash of its file."""

    file_name: str
    width: int
    height: int
    sha256: str
    regions: list[RegionRecord]


class WorkList(Record):
    """The images with regions of one shard of a split, in the split's order.

    ``keypoint_names`` says what the regions' keypoints are, in their order; it is empty where there are none, or where
    people's differ by category. Shards are counted from 1.
    """

    dataset: str
    split: str
    region: Region
    keypoint_names: list[str]
    regions_sha256: str
    counts: RegionCounts
    shard: int
    shards: int
    images: list[WorkImage]


def deal_regions(*, originals: Path, regions: Path, shards: int, lists: Path, manifest: Path) -> None:
    """Deal the images that have regions out to shards: write one list for each and, last, a manifest (:class:`Deal`).

    Blocks of :data:`BLOCK` images are dealt in turn, so that every shard gets a fair mix.

    Parameters
    ----------
    originals
        Manifest of the variant ``original``.
    regions
        Region file of the same split, which has to know exactly the same images.
    shards
        How many.
    lists
        The folder to fill with ``{shard}.json``.
    manifest
        The file to write.

    Raises
    ------
    UserError
        If the files are not of the same dataset, split and images.
    """
    work = work_of(originals, regions)
    with replacing(lists) as partial:
        digests = {}
        for shard in range(1, shards + 1):
            blocks = range(shard - 1, -(-len(work.images) // BLOCK), shards)
            images = [image for block in blocks for image in work.images[block * BLOCK : (block + 1) * BLOCK]]
            path = partial / list_name(shard)
            write_record(path, work.model_copy(update={"shard": shard, "shards": shards, "images": images}))
            digests[path.name] = sha256_file(path)
        manifest.unlink(missing_ok=True)
    head = {key: getattr(work, key) for key in ("dataset", "split", "region", "regions_sha256", "counts")}
    write_record(manifest, Deal(**head, shards=shards, images=len(work.images), lists=digests))


def work_of(originals: Path, regions: Path) -> WorkList:
    """All images of a split that have regions, as one shard; parameters and errors as for :func:`deal_regions`."""
    fix = "Delete the region file and run the workflow again."
    known, listed = read_record(Manifest, originals), read_regions(regions)
    if (listed.dataset, listed.split) != (known.dataset, known.split):
        raise UserError(
            f"{regions} holds the regions of {listed.dataset} {listed.split}, not of {known.dataset} {known.split}.",
            fix,
        )
    found = {image.file_name: image for image in listed.images}
    images = []
    for entry in known.images:
        image = found.get(entry.file_name)
        if image is None:
            raise UserError(f"{regions} lacks the image {entry.file_name!r} of {originals}.", fix)
        if image.regions:
            images.append(
                WorkImage(
                    file_name=image.file_name,
                    width=image.width,
                    height=image.height,
                    sha256=entry.sha256,
                    regions=image.regions,
                )
            )
    if len(listed.images) != len(known.images):
        raise UserError(f"{regions} lists {len(listed.images)} images, {originals} {len(known.images)}.", fix)
    return WorkList(
        dataset=listed.dataset,
        split=listed.split,
        region=listed.region,
        keypoint_names=listed.keypoint_names,
        regions_sha256=sha256_file(regions),
        counts=listed.counts,
        shard=1,
        shards=1,
        images=images,
    )


def list_name(shard: int) -> str:
    """The file name of a shard's list."""
    return f"{shard}.json"
