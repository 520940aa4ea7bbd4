"""The splits of people that a generator learns from, as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SplitFiles:
    """A split: its annotations, its regions, and the folder of its original images."""

    annotations: Path
    regions: Path
    images: Path


def splits_of(annotations: Sequence[Path | str], regions: Sequence[Path | str]) -> list[SplitFiles]:
    """Splits by their files in ``resources/``."""
    return [
        SplitFiles(Path(one), Path(other), Path(one).parent.parent / "images" / Path(one).stem)
        for one, other in zip(annotations, regions, strict=True)
    ]
