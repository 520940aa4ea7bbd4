"""The adaptive attacker."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from anonbench.attacks.attack import Case, Linker, normalised
from anonbench.attacks.people import Album, Pairs
from anonbench.attacks.protocol import link, settings
from anonbench.config.privacy import AttackConfig

# What of the gallery probes are compared with: weights of clear photographs and of the same anonymized.
_CHOICES = ((1, 1), (1, 0), (0, 1))
_HELD_BACK = 5  # one known person in so many takes no part in the rehearsal
_REHEARSAL = 0.5  # of the epochs


class Config(AttackConfig):
    """``epochs``: how often the network sees each photograph of the people known to the attacker; ``width``: the
    channels of its first layer."""

    attack: Literal["adaptive"]
    epochs: Annotated[int, Field(ge=1)] = 20
    width: Annotated[int, Field(ge=4)] = 16


class Adaptive(Linker):
    """Trains a network, from nothing but pairs of this method, to tell people apart across it (A3).

    The gallery has clear photographs, and the same anonymized. In a rehearsal, with some of the known people held back,
    the attacker finds out which of both are worth comparing with.
    """

    Config = Config
    config: Config

    def learn(self, case: Case) -> None:
        known, who = case.known, np.unique(case.known.clear.identities)
        back = np.isin(known.clear.identities, who[::_HELD_BACK])
        self._weights = _CHOICES[0]
        if 1 < len(who[::_HELD_BACK]) < len(who) - 1:
            self._train(_some(known, ~back), case, max(1, round(_REHEARSAL * self.config.epochs)))
            self._weights = max(_CHOICES, key=lambda weights: self._success(_some(known, back), weights))
        self._train(known, case, self.config.epochs)

    def gallery(self, people: Pairs) -> np.ndarray:
        return self._gallery(people, self._weights)

    def probes(self, people: Album) -> np.ndarray:
        return self._network.embed(people, self._network.SHOWN)

    def _train(self, known: Pairs, case: Case, epochs: int) -> None:
        # Not above: the configuration is checked against this module before any job runs, and torch takes its time.
        from anonbench.attacks.contrast import Contrast

        self._network = Contrast(epochs, self.config.width, case.device)
        self._network.learn(known, case.seed)

    def _gallery(self, people: Pairs, weights: tuple[int, int]) -> np.ndarray:
        clear, shown = self._network.CLEAR, self._network.SHOWN
        return weights[0] * self._network.embed(people.clear, clear) + weights[1] * self._network.embed(
            people.shown, shown
        )

    def _success(self, people: Pairs, weights: tuple[int, int]) -> float:
        """The mean of one over the right person's rank."""
        scores = normalised(self.probes(people.shown)) @ normalised(self._gallery(people, weights)).T
        linked = [link(one, people.clear.identities, scores, scores) for one in settings(people.clear)]
        ranks = [1 + better + tied / 2 for one in linked for better, tied in zip(one.better, one.tied, strict=True)]
        return float(np.mean(1 / np.array(ranks))) if ranks else 0.0


def _some(people: Pairs, rows: np.ndarray) -> Pairs:
    """The people of some rows, (N,) bool."""
    clear, shown = ([album[index] for index in np.flatnonzero(rows)] for album in (people.clear, people.shown))
    return Pairs(Album(clear, people.clear.region), Album(shown, people.shown.region))
