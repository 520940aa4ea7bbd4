"""The naive attacker."""

from __future__ import annotations

from typing import Literal

import numpy as np

from anonbench.attacks.attack import Case, Linker
from anonbench.attacks.description import Description, Metric
from anonbench.attacks.embedders import Name
from anonbench.attacks.people import Album, Pairs
from anonbench.config.privacy import AttackConfig


class Config(AttackConfig):
    """``embedder``: the network that describes people; ``metric``: whether it is compared as it is (``none``), or by
    what tells people apart who are known to the attacker, in clear photographs (``learned``)."""

    attack: Literal["naive"]
    embedder: Name = "imagenet"
    metric: Metric = "none"


class Naive(Linker):
    """Compares anonymized photographs with a clear gallery as if nothing had been done to them (A0)."""

    Config = Config
    config: Config

    def learn(self, case: Case) -> None:
        config = self.config
        self._described = Description(config.embedder, config.metric, [case.known.clear], case.seed, case.device)

    def gallery(self, people: Pairs) -> np.ndarray:
        return self._described(people.clear)

    def probes(self, people: Album) -> np.ndarray:
        return self._described(people)
