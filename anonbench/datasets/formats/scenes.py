"""The format of the embedded default dataset: rendered street scenes; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anonbench.datasets.records import Split
from anonbench.datasets.scenes.load import load_scenes
from anonbench.datasets.size import SplitSize
from anonbench.datasets.sources import RemoteFile

FILES: dict[str, RemoteFile] = {}


def needs(spec: dict[str, Any], split: str) -> tuple[str, ...]:
    """Nothing is fetched."""
    return ()


def load(spec: dict[str, Any], split: str, files: dict[str, Path] | None = None) -> Split:
    """Render a split; see :func:`anonbench.datasets.scenes.load.load_scenes` for ``spec``."""
    return load_scenes(spec, split)


def split_size(spec: dict[str, Any], split: str) -> SplitSize:
    """The size of a split; about five people are drawn in two scenes."""
    images = spec["splits"][split]
    return SplitSize(images, round(2.5 * images), images, spec["width"] * spec["height"])
