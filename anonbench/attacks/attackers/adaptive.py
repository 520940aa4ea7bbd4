"""The adaptive attacker."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from anonbench.attacks.attack import Case, Linker
from anonbench.attacks.people import Album, Pairs
from anonbench.config.privacy import AttackConfig


class Config(AttackConfig):
    """``epochs``: how often the network sees each photograph of the people known to the attacker; ``width``: the
    channels of its first layer."""

    attack: Literal["adaptive"]
    epochs: Annotated[int, Field(ge=1)] = 20
    width: Annotated[int, Field(ge=4)] = 16


class Adaptive(Linker):
    """Trains a network, from nothing but pairs of this method, to tell people apart across it (A3).

    The gallery has both, clear photographs and the same anonymized.
    """

    Config = Config
    config: Config

    def learn(self, case: Case) -> None:
        # Not above: the configuration is checked against this module before any job runs, and torch takes its time.
        from anonbench.attacks.contrast import CLEAR, SHOWN, Contrast

        self._network = Contrast(self.config.epochs, self.config.width, case.device)
        self._network.learn(case.known, case.seed)
        self._clear, self._shown = CLEAR, SHOWN

    def gallery(self, people: Pairs) -> np.ndarray:
        clear = self._network.embed(people.clear, self._clear)
        return clear + self._network.embed(people.shown, self._shown)

    def probes(self, people: Album) -> np.ndarray:
        return self._network.embed(people, self._shown)
