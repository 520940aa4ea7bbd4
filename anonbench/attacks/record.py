"""The record of one attack on one variant, and its file."""

from __future__ import annotations

from anonbench.common.records import Record
from anonbench.config.types import Region

ALL, SAME_CLOTHES, OTHER_CLOTHES = "all", "same_clothes", "other_clothes"


class Linked(Record):
    """How an attacker ranks a gallery of other photographs for each probe; lists have an entry for each probe.

    Parameters
    ----------
    setting
        ``all``, or whether the gallery shows people in the ``same_clothes`` or in ``other_clothes``.
    gallery
        The number of people in the gallery, one photograph each.
    identities
        Who each probe is.
    better, tied
        How many other people of the gallery are more like the probe than the right one is, and how many as like.
    accepted_2, accepted_3
        Whether the right one is more like the probe than all but 1 in 100, or 1 in 1,000, of wrong pairs are.
    singled_out
        Whether the right one is the likest, by a margin over the second that the likest of the others reaches, where
        the right one is not in the gallery, for 1 probe in 100.
    eer
        The equal error rate of deciding whether a pair is of one person.
    among_better, among_tied
        ``better`` and ``tied`` of a gallery that is anonymized, too: two anonymized photographs linked with each other.
    """

    setting: str
    gallery: int
    identities: list[int]
    better: list[int]
    tied: list[int]
    accepted_2: list[bool]
    accepted_3: list[bool]
    singled_out: list[bool]
    eer: float
    among_better: list[int]
    among_tied: list[int]


class Inferred(Record):
    """An attribute that was predicted of people: who they are, the truth, and whether the prediction is right."""

    attribute: str
    identities: list[int]
    truth: list[str]
    right: list[bool]


class Found(Record):
    """Whether a detector still finds the region of each person."""

    identities: list[int]
    found: list[bool]


class AttackResult(Record):
    """What an attack reaches on one variant.

    ``known`` and ``targets`` count the people that it learns from and attacks, ``photographs`` theirs together.
    ``figures`` are further ones by name, such as the PSNR of what an inversion restores.
    """

    dataset: str
    variant: str
    region: Region
    attack: str
    plugin: str
    seed: int
    surroundings: str
    known: int
    targets: int
    photographs: int
    linked: list[Linked] = []
    inferred: list[Inferred] = []
    found: Found | None = None
    figures: dict[str, float] = {}
