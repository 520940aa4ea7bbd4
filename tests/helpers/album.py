"""Drawn people who recur, for attacks: each has a colour pattern of their own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from anonbench.attacks.attack import Case
from anonbench.attacks.people import GREY, Album, Pairs, Photograph
from anonbench.config.types import Region

Change = Callable[[np.ndarray, np.random.Generator], np.ndarray]
SIDE = 64


def same(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Nothing is anonymized."""
    return image


def face(identity: int, rng: np.random.Generator) -> np.ndarray:
    """A photograph (64, 64, 3) uint8 of the person: their coarse pattern, another light, and noise."""
    own = np.random.default_rng(identity).integers(40, 216, (8, 8, 3))
    light = rng.uniform(0.8, 1.2)
    image = own.repeat(8, 0).repeat(8, 1) * light + rng.normal(0, 8, (SIDE, SIDE, 3))
    return image.clip(0, 255).astype(np.uint8)


def album(identities: range, each: int, change: Change, seed: int, region: Region = "face") -> Pairs:
    """``each`` photographs of everybody, the region an ellipse, before and after ``change``."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    mask = (rows / 30) ** 2 + (cols / 24) ** 2 <= 1

    def photograph(image: np.ndarray, identity: int, number: int) -> Photograph:
        shown = np.where(mask[..., None], image, np.uint8(GREY))
        return Photograph(shown, mask, 60.0, identity, number % 2, {"tall": "yes" if identity % 2 else "no"})

    clear, shown = [], []
    for identity in identities:
        for number in range(each):
            image = face(identity, rng)
            clear.append(photograph(image, identity, number))
            shown.append(photograph(change(image, rng), identity, number))
    return Pairs(Album(clear, region), Album(shown, region))


def case(change: Change = same, people: int = 20, each: int = 3, region: Region = "face") -> Case:
    """So many people to learn from, and as many others to attack, all anonymized by ``change``."""
    known = album(range(people), each, change, 1, region)
    targets = album(range(1000, 1000 + people), each, change, 2, region)
    return Case(region, known, targets, None, 0, "cpu")
