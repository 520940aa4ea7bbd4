"""What every attack owes."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from anonbench.attacks.learned import Learned
from anonbench.attacks.people import Album, Pairs
from anonbench.attacks.protocol import link, settings
from anonbench.attacks.record import Found, Inferred, Linked
from anonbench.common.plugins import Plugin
from anonbench.config.types import Region
from anonbench.variants.recipe import Recipe

_DIGITS = 6  # of similarities: what is equal must tie


@dataclass(frozen=True)
class Case:
    """What an attacker has.

    Parameters
    ----------
    region
        ``face`` or ``body``.
    known
        Photographs of other people than those who are attacked, before and after the same anonymization.
    targets
        The people who are attacked. An attack may use the clear ones as its gallery only.
    recipe
        How the images were anonymized; None for an anchor.
    learned
        For an attack that :attr:`Attack.needs_generator`: the generators that made people, each with the people it
        learned from.
    seed
        What everything random follows from.
    device
        Where torch computes.
    """

    region: Region
    known: Pairs
    targets: Pairs
    recipe: Recipe | None
    seed: int
    device: str
    learned: tuple[Learned, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What an attack reaches, as of :class:`anonbench.attacks.record.AttackResult`."""

    linked: list[Linked] = field(default_factory=list)
    inferred: list[Inferred] = field(default_factory=list)
    found: Found | None = None
    figures: dict[str, float] = field(default_factory=dict)


class Attack(Plugin):
    """Base of every attack: a file in ``anonbench/attacks/attackers/`` or in a user's ``attackers/``."""

    regions: ClassVar[tuple[Region, ...]] = ("face", "body")
    """What can be attacked."""
    widen: ClassVar[float] = 1.0
    """By which factor the photographs' windows are wider than usual."""
    needs_generator: ClassVar[bool] = False
    """Whether it looks into generators: it then attacks what they made, no anchors, and no other variants."""

    @abstractmethod
    def attack(self, case: Case) -> Outcome:
        """Attack everybody among the targets."""


class Linker(Attack):
    """Base of the attacks that compare people by embeddings.

    A photograph is compared with another one by the cosine of their embeddings.
    """

    @abstractmethod
    def learn(self, case: Case) -> None:
        """Learn from the known people; the targets must not be looked at."""

    @abstractmethod
    def gallery(self, people: Pairs) -> np.ndarray:
        """Embeddings (N, D) of people as the gallery has them."""

    @abstractmethod
    def probes(self, people: Album) -> np.ndarray:
        """Embeddings (N, D) of anonymized photographs, to compare with the gallery's and with each other."""

    def figures(self, people: Pairs) -> dict[str, float]:
        """Further figures of the attack on these people, by name."""
        return {}

    def attack(self, case: Case) -> Outcome:
        # Not above: the configuration is checked against attacks before any job runs, and scikit-learn takes its time.
        from anonbench.attacks.infer import infer

        self.learn(case)
        targets = case.targets
        probes = normalised(self.probes(targets.shown))
        to_gallery = (probes @ normalised(self.gallery(targets)).T).round(_DIGITS)
        among = (probes @ probes.T).round(_DIGITS)
        identities = targets.clear.identities
        known = case.known.shown
        labelled = any(person.attributes for person in known)
        return Outcome(
            linked=[link(setting, identities, to_gallery, among) for setting in settings(targets.clear)],
            inferred=infer(known, normalised(self.probes(known)), targets.shown, probes) if labelled else [],
            figures=self.figures(targets),
        )


def normalised(embeddings: np.ndarray) -> np.ndarray:
    """Rows of length 1; a row of zeros stays what it is."""
    embeddings = np.asarray(embeddings, np.float64)
    return embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
