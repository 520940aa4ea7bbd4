"""Who appears in photographs of one person each: identities that recur in turn, in one set of clothes or several."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from anonbench.datasets.scenes.identity import HAIRS, SPLIT_CODES, Identity, make_identity

# Keeps the splits' numbers apart, whatever the number of identities.
STRIDE = 1_000_000
# What a person may wear otherwise in another photograph.
CLOTHING = (
    "hat", "hat_colour", "top", "top_pattern", "top_colour", "top_colour2", "pattern_size", "sleeves", "bottom",
    "bottom_colour", "shoes", "bag", "bag_colour",
)  # fmt: skip
# Of `HAIRS`, in its order.
_HAIR_NAMES = ("black", "brown", "brown", "brown", "blond", "blond", "red", "gray", "gray")


@dataclass(frozen=True)
class Cast:
    """The people of a split.

    Parameters
    ----------
    seed, split
        What they are drawn from: no identity appears in two splits.
    identities
        How many there are; photographs show them in turn.
    outfits
        How many sets of clothes each of them has; successive photographs of a person alternate them.
    """

    seed: int
    split: str
    identities: int
    outfits: int

    def appearing(self, index: int) -> tuple[Identity, int]:
        """The person in a photograph, and the number of the outfit that they wear, from 0."""
        outfit = index // self.identities % self.outfits
        return self._dressed(index % self.identities, outfit), outfit

    def _dressed(self, who: int, outfit: int) -> Identity:
        code = SPLIT_CODES[self.split]
        person = make_identity(np.random.default_rng([self.seed, code, who, 7]), code * STRIDE + who)
        if not outfit:
            return person
        rng = np.random.default_rng([self.seed, code, who, 7, outfit])
        while True:
            other = make_identity(rng, person.number)
            if (other.child, other.feminine) == (person.child, person.feminine):
                return replace(person, **{key: getattr(other, key) for key in CLOTHING})


def attributes(person: Identity, bag: bool) -> dict[str, str]:
    """What can be seen of a person, by name; ``bag`` says whether the picture would show one."""
    found = {
        "age": "child" if person.child else "adult",
        "hair": "bald" if person.hair_style == "bald" else hair_colour(person),
        "beard": person.beard,
        "glasses": person.glasses,
    }
    return found | ({"bag": person.bag} if bag else {})


def hair_colour(person: Identity) -> str:
    """The name of the nearest of the colours from which hair is drawn."""
    distances = np.linalg.norm(np.array(HAIRS) - person.hair, axis=1)
    return _HAIR_NAMES[int(distances.argmin())]
