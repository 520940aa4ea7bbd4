"""The parrot attacker."""

from __future__ import annotations

from typing import Literal

import numpy as np

from anonbench.attacks.attack import Case, Linker
from anonbench.attacks.description import Description, Metric
from anonbench.attacks.embedders import Name
from anonbench.attacks.people import Album, Pairs
from anonbench.config.privacy import AttackConfig


class Config(AttackConfig):
    """``embedder``: the network that describes people; ``metric``: as it is (``none``), or by what tells people apart
    who are known to the attacker, in anonymized photographs (``learned``)."""

    attack: Literal["parrot"]
    embedder: Name = "imagenet"
    metric: Metric = "learned"


class Parrot(Linker):
    """Anonymizes the gallery as the probes are, and learns to tell such photographs apart (A1).

    Newton, Sweeney & Malin, "Preserving privacy by de-identifying face images", IEEE TKDE 2005, call it parrot
    recognition.
    """

    Config = Config
    config: Config

    def learn(self, case: Case) -> None:
        config = self.config
        self._described = Description(config.embedder, config.metric, [case.known.shown], case.seed, case.device)

    def gallery(self, people: Pairs) -> np.ndarray:
        return self._described(people.shown)

    def probes(self, people: Album) -> np.ndarray:
        return self._described(people)
