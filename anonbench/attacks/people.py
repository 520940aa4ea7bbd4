"""What an attacker sees of people: their regions' pixels, the rest grey."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from anonbench.config.types import Region
from anonbench.regions.window import resize

GREY = 128
BLANK = 0  # what the control fills regions with
# (width, height) px at which people are compared.
SIZES: dict[Region, tuple[int, int]] = {"face": (64, 64), "body": (64, 128)}


@dataclass(frozen=True)
class Photograph:
    """One person in one image.

    Parameters
    ----------
    image
        (h, w, 3) uint8 RGB: the window around the region at the image's own resolution.
    mask
        (h, w) bool: the region before growing, within the window.
    side
        The longer side of the region's box in px, the unit of a method's parameters.
    identity
        Who it is; the same number is the same person.
    outfit
        What they wear; None where the dataset does not say.
    attributes
        What is labelled of the person, by name.
    file_name, annotation_id
        Where it is from.
    """

    image: np.ndarray
    mask: np.ndarray
    side: float
    identity: int
    outfit: int | None = None
    attributes: dict[str, str] = field(default_factory=dict)
    file_name: str = ""
    annotation_id: int | None = None


class Album(Sequence[Photograph]):
    """Photographs of one region of people."""

    def __init__(self, photographs: Sequence[Photograph], region: Region) -> None:
        self.photographs, self.region = list(photographs), region

    def __getitem__(self, index):
        return self.photographs[index]

    def __len__(self) -> int:
        return len(self.photographs)

    def __iter__(self) -> Iterator[Photograph]:
        return iter(self.photographs)

    @property
    def identities(self) -> np.ndarray:
        """(N,) int64."""
        return np.array([photograph.identity for photograph in self.photographs], np.int64)

    def images(self, size: tuple[int, int] | None = None) -> np.ndarray:
        """(N, height, width, 3) uint8 RGB at ``size`` (width, height) px, by default the one of :data:`SIZES`."""
        size = size or SIZES[self.region]
        return np.stack([resize(photograph.image, size) for photograph in self.photographs])

    def masks(self, size: tuple[int, int] | None = None) -> np.ndarray:
        """(N, height, width) bool, the regions at that size."""
        size = size or SIZES[self.region]
        return np.stack([resize(one.mask.view(np.uint8) * 255, size) > 127 for one in self.photographs])


@dataclass(frozen=True)
class Pairs:
    """The same photographs twice, in the same order: ``clear``, and ``shown`` as the variant has them."""

    clear: Album
    shown: Album

    def __len__(self) -> int:
        return len(self.clear)
