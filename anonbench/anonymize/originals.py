"""The variant ``original``: every image of a split, checked once and linked, for all other variants to start from."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from anonbench.anonymize.manifest import Counts, Entry, Manifest, make_folders, write_manifest
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_of
from anonbench.common.folders import link, replacing
from anonbench.common.images import strip_metadata
from anonbench.config.cells import ORIGINAL


def link_originals(
    *, annotations: Path, images_dir: Path, out_dir: Path, manifest: Path, dataset: str, split: str
) -> None:
    """Link every image of a split into ``out_dir`` (hard, else symbolic, else a copy) and write, last, the manifest.

    Each image is read once and compared with its hash, so that no other variant needs to read what it does not change.
    An image with metadata, which the common form does not have, is written anew without.

    Parameters
    ----------
    annotations
        COCO JSON of the split, with the SHA-256 of every image.
    images_dir
        Folder of the split's images.
    out_dir, manifest
        What is written. ``out_dir`` is replaced as a whole.
    dataset, split
        Names for the manifest.

    Raises
    ------
    UserError
        If an image is missing, changed or unreadable, or its name is not a path below the folder. Nothing is written
        then.
    """
    images = _images(annotations)
    with replacing(out_dir) as partial:
        make_folders(partial, [image["file_name"] for image in images])
        entries, linked = [], 0
        for image in tqdm(images, desc=f"{dataset} {split} {ORIGINAL}", unit="image", mininterval=1):
            name, sha256 = image["file_name"], image["sha256"]
            data = read_verified(images_dir / name, sha256)
            clean = strip_metadata(data, str(images_dir / name))
            if clean == data:
                link(images_dir / name, partial / name, out_dir / name)
                linked += 1
            else:
                (partial / name).write_bytes(clean)
                sha256 = sha256_of(clean)
            entries.append(Entry(file_name=name, sha256=sha256, regions=0, fallbacks={}))
        # Never a manifest beside images that it does not describe.
        manifest.unlink(missing_ok=True)
    counts = Counts(images=len(entries), linked=linked, regions=0, fallbacks={})
    write_manifest(manifest, Manifest(dataset=dataset, split=split, variant=ORIGINAL, images=entries, counts=counts))


def read_verified(path: Path, sha256: str) -> bytes:
    """The bytes of an image that must have this SHA-256.

    Raises
    ------
    UserError
        If it cannot be read or is another one.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"The image {path} cannot be read ({error.strerror}).", "Delete the folder that holds it and run again."
        ) from None
    if sha256_of(data) != sha256:
        raise UserError(
            f"The image {path} is not the one that was annotated: its SHA-256 differs.",
            "Delete the folder that holds it and run the workflow again.",
        )
    return data


def _images(annotations: Path) -> list[dict[str, Any]]:
    """The images of the annotation file, their names checked: nothing may be read or written outside the folders."""
    images = read_json(annotations).get("images", [])
    if not images:
        raise UserError(f"{annotations} lists no images.", "Check the split's annotation file.")
    seen = set()
    for image in images:
        name = str(image["file_name"])
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or path.name in ("", "."):
            raise UserError(
                f"{annotations} names the image {name!r}, which is not a path below the image folder.",
                "Use relative names without '..'.",
            )
        if path in seen:
            raise UserError(f"{annotations} names the image {name!r} twice.", "Give every image one entry.")
        seen.add(path)
    return images
