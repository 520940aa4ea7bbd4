"""The naive attacker."""

from __future__ import annotations

from typing import Literal

from anonbench.attacks.description import Describing, Metric
from anonbench.attacks.embedders import Name
from anonbench.attacks.people import Album, Pairs
from anonbench.config.privacy import AttackConfig


class Config(AttackConfig):
    """``embedder``: the network that describes people; ``metric``: whether it is compared as it is (``none``), or by
    what tells people apart who are known to the attacker, in clear photographs (``learned``)."""

    attack: Literal["naive"]
    embedder: Name = "imagenet"
    metric: Metric = "none"


class Naive(Describing):
    """Compares anonymized photographs with a clear gallery as if nothing had been done to them (A0)."""

    Config = Config
    config: Config

    def pictures(self, people: Pairs) -> Album:
        return people.clear
