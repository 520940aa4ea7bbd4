"""The parrot attacker."""

from __future__ import annotations

from typing import Literal

from anonbench.attacks.description import Describing, Metric
from anonbench.attacks.embedders import Name
from anonbench.attacks.people import Album, Pairs
from anonbench.config.privacy import AttackConfig


class Config(AttackConfig):
    """``embedder``: the network that describes people; ``metric``: as it is (``none``), or by what tells people apart
    who are known to the attacker, in anonymized photographs (``learned``)."""

    attack: Literal["parrot"]
    embedder: Name = "imagenet"
    metric: Metric = "learned"


class Parrot(Describing):
    """Anonymizes the gallery as the probes are, and learns to tell such photographs apart (A1).

    Newton, Sweeney & Malin, "Preserving privacy by de-identifying face images", IEEE TKDE 2005, call it parrot
    recognition.
    """

    Config = Config
    config: Config

    def pictures(self, people: Pairs) -> Album:
        return people.shown
