"""Prepares one split of a dataset: read it from its files, write it in the common form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anonbench.datasets.common_form import write_split
from anonbench.datasets.registry import format_module


def prepare(
    spec: dict[str, Any], split: str, files: dict[str, Path], images_dir: Path, annotations: Path, dataset: str
) -> None:
    """Convert one split into the common form.

    Parameters
    ----------
    spec
        The dataset's specification from the configuration, with ``format`` and that format's keys.
    split
        ``train``, ``val`` or ``gan``.
    files
        The path of every role that the split needs; they are verified already.
    images_dir, annotations
        The folder and the JSON file to write.
    dataset
        The dataset's name in the configuration.

    Raises
    ------
    UserError
        If the content cannot be converted; then nothing is left.
    """
    module = format_module(spec["format"])
    loaded = module.load(spec, split, files)
    # The one file that messages can blame for an annotation; a format of several files names them itself.
    blamed = [spec["splits"][split]["annotations"]] if spec["format"] == "coco" else list(files.values())
    write_split(
        loaded,
        dataset=dataset,
        name=split,
        images_dir=images_dir,
        annotations=annotations,
        source=str(blamed[0]) if len(blamed) == 1 else None,
    )
