"""Prepares one split of a dataset: verify its archive, read it, write it in the common form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anonbench.datasets.common_form import write_split
from anonbench.datasets.fetch import archive_source, verify_archive
from anonbench.datasets.registry import format_module
from anonbench.errors import UserError


def prepare(
    spec: dict[str, Any], split: str, archive: Path | None, images_dir: Path, annotations: Path, dataset: str
) -> None:
    """Convert one split into the common form.

    Parameters
    ----------
    spec
        The dataset's specification from the configuration, with ``format`` and that format's keys.
    split
        ``train``, ``val`` or ``gan``.
    archive
        The downloaded or local archive, None for formats that have none.
    images_dir, annotations
        The folder and the JSON file to write.
    dataset
        The dataset's name in the configuration.

    Raises
    ------
    UserError
        If the archive is not the expected one, or its content cannot be converted; then nothing is left.
    """
    module = format_module(spec["format"])
    source = archive_source(module.ARCHIVE, spec)
    if source is not None:
        if archive is None:
            raise UserError(f"The dataset {dataset!r} needs an archive.", f"Fetch {source.url}, or set `archive`.")
        verify_archive(archive, source.sha256)
    loaded = module.load(spec, split, archive)
    blamed = spec["splits"][split]["annotations"] if spec["format"] == "coco" else archive
    write_split(
        loaded,
        dataset=dataset,
        name=split,
        images_dir=images_dir,
        annotations=annotations,
        source=None if blamed is None else str(blamed),
    )
