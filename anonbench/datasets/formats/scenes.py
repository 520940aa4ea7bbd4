"""The format of the embedded default dataset: rendered street scenes; nothing is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anonbench.datasets.scenes.load import load_scenes
from anonbench.datasets.sources import RemoteFile
from anonbench.records import Split

FILES: dict[str, RemoteFile] = {}


def needs(spec: dict[str, Any], split: str) -> tuple[str, ...]:
    """Nothing is fetched."""
    return ()


def load(spec: dict[str, Any], split: str, files: dict[str, Path] | None = None) -> Split:
    """Render a split; see :func:`anonbench.datasets.scenes.load.load_scenes` for ``spec``."""
    return load_scenes(spec, split)
