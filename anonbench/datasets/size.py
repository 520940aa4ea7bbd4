"""How large a dataset's split is, as far as that is known before anything is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from anonbench.datasets.registry import format_module


@dataclass(frozen=True)
class SplitSize:
    """The size of a split.

    Parameters
    ----------
    images
        Number of images.
    people
        Number of annotated people, or None where it is not known.
    occupied
        Number of images with at least one of them, or None where it is not known.
    pixels
        Mean size of an image in px, or None where it is not known.
    """

    images: int
    people: int | None = None
    occupied: int | None = None
    pixels: int | None = None


def known_size(spec: dict[str, Any], split: str) -> SplitSize | None:
    """The size of a split, or None: from ``split_size(spec, split)`` of the format's module, if it has one.

    Parameters
    ----------
    spec
        The dataset's specification from the configuration.
    split
        ``train``, ``val`` or ``gan``.
    """
    find = getattr(format_module(spec["format"]), "split_size", None)
    return None if find is None else find(spec, split)
