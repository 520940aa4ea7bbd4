"""The variant ``original``: every image of a split, checked once and listed, for all other variants to start from."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.common.images import MAKE_SPLIT_AGAIN, read_verified, strip_metadata
from anonbench.config.cells import ORIGINAL
from anonbench.variants.entry import Entry
from anonbench.variants.manifest import Manifest, counted, withdraw, write_manifest


def check_originals(*, annotations: Path, images_dir: Path, manifest: Path, dataset: str, split: str) -> None:
    """Check every image of a split and write the manifest of the variant ``original``, which has no other files.

    Each image is read once and compared with its hash, and must hold no metadata, as the common form has none.

    Parameters
    ----------
    annotations
        COCO JSON of the split, with the SHA-256 of every image.
    images_dir
        Folder of the split's images.
    manifest
        The file to write.
    dataset, split
        Names for the manifest.

    Raises
    ------
    UserError
        If an image is missing, changed, unreadable or holds metadata, or its name is not a path below the folder.
        Nothing is written then.
    """
    entries = []
    for image in tqdm(_images(annotations), desc=f"{dataset} {split} {ORIGINAL}", unit="image", mininterval=1):
        path = images_dir / image["file_name"]
        data = read_verified(path, image["sha256"])
        if strip_metadata(data, str(path)) != data:
            raise UserError(f"The image {path} holds metadata, which the common form does not have.", MAKE_SPLIT_AGAIN)
        entries.append(Entry(file_name=image["file_name"], sha256=image["sha256"]))
    withdraw(manifest)
    head = {"dataset": dataset, "split": split, "variant": ORIGINAL}
    write_manifest(manifest, Manifest(**head, images=entries, counts=counted(entries)))


def _images(annotations: Path) -> list[dict[str, Any]]:
    """The images of the annotation file, their names checked: nothing may be read or written outside the folders."""
    images = read_made(annotations).get("images", [])
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
