"""How attackers compare people: an embedder, and maybe a metric that is learned."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np

from anonbench.attacks.attack import Case, Linker
from anonbench.attacks.embedders import Name, embedder
from anonbench.attacks.metric import learn_metric
from anonbench.attacks.people import Album, Pairs

Metric = Literal["none", "learned"]


class Description:
    """Describes people by numbers.

    Parameters
    ----------
    name
        The embedder's name.
    metric
        ``none`` to compare what the embedder says as it is; ``learned`` by what of it tells known people apart.
    known
        The people to learn from, in albums of the same people or of others.
    seed
        Of the learned metric.
    device
        Where torch computes.

    Raises
    ------
    UserError
        If the embedder's weights cannot be had, or it does not describe such regions.
    """

    def __init__(self, name: Name, metric: Metric, known: Sequence[Album], seed: int, device: str) -> None:
        self._embed, self._metric = cache(embedder(name, device)), None  # albums are learned from, and asked for twice
        if metric == "learned":
            embeddings = np.concatenate([self._embed(album) for album in known])
            identities = np.concatenate([album.identities for album in known])
            self._metric = learn_metric(embeddings, identities, seed, codes=name == "pixels")

    def __call__(self, people: Album) -> np.ndarray:
        """(N, D)."""
        embeddings = self._embed(people)
        return self._metric.transform(embeddings) if self._metric else embeddings


class Describing(Linker):
    """Base of the attacks whose gallery is of the very pictures that they learn from, clear or anonymized.

    Their configuration has ``embedder`` and ``metric``.
    """

    @abstractmethod
    def pictures(self, people: Pairs) -> Album:
        """Those of the two albums."""

    def learn(self, case: Case) -> None:
        config, known = self.config, self.pictures(case.known)
        self._described = Description(config.embedder, config.metric, [known], case.seed, case.device)

    def gallery(self, people: Pairs) -> np.ndarray:
        return self._described(self.pictures(people))

    def probes(self, people: Album) -> np.ndarray:
        return self._described(people)
