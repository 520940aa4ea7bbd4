"""The naive attacker."""

from __future__ import annotations

from typing import Literal

import numpy as np

from anonbench.attacks.attack import Case, Linker
from anonbench.attacks.embedders import Name, embedder
from anonbench.attacks.metric import learn_metric
from anonbench.attacks.people import Album, Pairs
from anonbench.config.privacy import AttackConfig


class Config(AttackConfig):
    """``embedder``: the network that describes people; ``metric``: whether it is compared as it is (``none``), or by
    what tells people apart who are known to the attacker, in clear photographs (``learned``)."""

    attack: Literal["naive"]
    embedder: Name = "imagenet"
    metric: Literal["none", "learned"] = "none"


class Naive(Linker):
    """Compares anonymized photographs with a clear gallery as if nothing had been done to them (A0)."""

    Config = Config
    config: Config

    def learn(self, case: Case) -> None:
        self.embed = embedder(self.config.embedder, case.device)
        self.metric = None
        if self.config.metric == "learned":
            known = case.known.clear
            self.metric = learn_metric(self.embed(known), known.identities, case.seed)

    def gallery(self, people: Pairs) -> np.ndarray:
        return self.probes(people.clear)

    def probes(self, people: Album) -> np.ndarray:
        embeddings = self.embed(people)
        return self.metric.transform(embeddings) if self.metric else embeddings
