"""How attackers compare people: an embedder, and maybe a metric that is learned."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np

from anonbench.attacks.embedders import Name, embedder
from anonbench.attacks.metric import learn_metric
from anonbench.attacks.people import Album

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
        self._embed, self._metric = embedder(name, device), None
        self._described = cache(self._describe)  # an attack may ask for an album twice
        if metric == "learned":
            embeddings = np.concatenate([self._embed(album) for album in known])
            identities = np.concatenate([album.identities for album in known])
            self._metric = learn_metric(embeddings, identities, seed, codes=name == "pixels")

    def __call__(self, people: Album) -> np.ndarray:
        """(N, D)."""
        return self._described(people)

    def _describe(self, people: Album) -> np.ndarray:
        embeddings = self._embed(people)
        return self._metric.transform(embeddings) if self._metric else embeddings
