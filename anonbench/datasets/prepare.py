"""Prepares one split of a dataset: reads it from its files, writes it in the common form."""

from __future__ import annotations

from pathlib import Path

from anonbench.datasets.common_form import write_split
from anonbench.datasets.format import Format
from anonbench.datasets.part import part_of
from anonbench.datasets.strangers import CONFIDENT, Search


def prepare(
    format: Format, split: str, files: dict[str, Path], images_dir: Path, annotations: Path, dataset: str
) -> None:
    """Convert one split into the common form.

    Parameters
    ----------
    format
        The dataset's format, configured.
    split
        One of its splits.
    files
        The path of every role that the split needs; they are verified already.
    images_dir, annotations
        The folder and the JSON file to write.
    dataset
        The dataset's name in the configuration.

    Raises
    ------
    UserError
        If the dataset has no such split, or its content cannot be converted; then no output is left behind.
    """
    format.require_split(split)
    loaded = part_of(format.load(split, files), split, format.config, dataset)
    # Messages blame the only file for a wrong annotation; a format of several files names them itself.
    read = [*files.values(), *format.local_files(split)]
    if format.COMPLETE:
        loaded.info["complete"] = True
    policy, search = format.searched_for(split), None
    if policy is not None:
        # Only such a conversion needs what detects.
        from anonbench.detect.nanodet import NanoDet

        search = Search(policy, NanoDet(CONFIDENT))
    write_split(
        loaded,
        dataset=dataset,
        name=split,
        images_dir=images_dir,
        annotations=annotations,
        source=str(read[0]) if len(read) == 1 else None,
        search=search,
    )
