"""Mistakes in a dataset's specification that can be known before any job runs, without reading any image."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.datasets.locate import locate, needed_roles, record_of, remote_files
from anonbench.datasets.registry import FORMATS
from anonbench.datasets.verify import recall

SPLITS = ("train", "val", "gan")


def early_errors(spec: dict[str, Any]) -> None:
    """Stop for what a look at the file system can tell.

    Parameters
    ----------
    spec
        A dataset's specification from the configuration.

    Raises
    ------
    UserError
        If the format is unknown, a named archive is missing or no complete zip, its hash is not one, ``files`` names an
        unknown role, or a COCO dataset lacks a split, a folder, images or an annotation file.
    """
    name = spec.get("format")
    if name not in FORMATS:
        raise UserError(
            f"The dataset format {name!r} does not exist.", f"Set `format` to one of: {', '.join(FORMATS)}."
        )
    sha256 = spec.get("sha256")
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", str(sha256)):
        raise UserError(f"`sha256` is no SHA-256: {sha256!r}.", "Give its 64 hexadecimal digits, or leave the key out.")
    if spec.get("archive"):
        _check_file("archive", Path(spec["archive"]))
    if spec.get("files"):
        remote_files(spec)
    for role, own in (spec.get("files") or {}).items():
        if own.get("path"):
            _check_file(f"files.{role}.path", Path(own["path"]))
    if name == "coco":
        _check_coco(spec.get("splits") or {})


def out_of_reach(dataset: str, spec: dict[str, Any], splits: Iterable[str], folders: Iterable[str] = ()) -> list[str]:
    """The files behind a login that these splits need and that are nowhere: a line for each that says how to get it."""
    files = remote_files(spec)
    return [
        f"{files[role].file_name} of {dataset} ({files[role].size / 1e6:,.0f} MB;"
        f" datasets.{dataset}.{f'files.{role}.path' if 'files' in spec else role}): {files[role].login}"
        for role in needed_roles(spec, splits)
        if not files[role].urls and not locate(dataset, spec, role, folders).is_file()
    ]


def check_verified(dataset: str, spec: dict[str, Any], splits: Iterable[str], folders: Iterable[str] = ()) -> None:
    """Stop when a file that was verified is not what the configuration says by now.

    Raises
    ------
    UserError
        Naming the file.
    """
    for role in needed_roles(spec, splits):
        file, path = remote_files(spec)[role], locate(dataset, spec, role, folders)
        record = record_of(dataset, file.file_name)
        if record.is_file() and path.is_file():
            recall(read_json(record), path, file)


def _check_file(key: str, path: Path) -> None:
    if not path.is_file():
        raise UserError(
            f"`{key}` names {path}, which does not exist.", "Correct the path, or leave the key out to download it."
        )
    if path.suffix == ".zip" and not zipfile.is_zipfile(path):
        raise UserError(
            f"`{key}` names {path}, which is no complete zip archive.", "Download it again; it may be truncated."
        )


def _check_coco(splits: dict[str, Any]) -> None:
    for split in splits:
        if split not in SPLITS:
            raise UserError(f"`splits` has the unknown split {split!r}.", f"Name the splits {', '.join(SPLITS)}.")
    for split in ("train", "val"):
        if split not in splits:
            raise UserError(f"`splits` lacks {split!r}.", "Name its folder of images and its annotation file.")
    for split, place in splits.items():
        folder, annotations = Path(place["images"]), Path(place["annotations"])
        if not folder.is_dir():
            raise UserError(f"`splits.{split}.images` names {folder}, which is no folder.", "Correct the path.")
        if next(folder.iterdir(), None) is None:
            raise UserError(
                f"`splits.{split}.images` names {folder}, which is empty.", "Name the folder with the images."
            )
        if not annotations.is_file():
            raise UserError(
                f"`splits.{split}.annotations` names {annotations}, which does not exist.", "Correct the path."
            )
