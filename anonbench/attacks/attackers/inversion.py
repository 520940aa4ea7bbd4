"""The attacker who undoes the method."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from anonbench.attacks.attack import Case, Linker
from anonbench.attacks.embedders import Name, embedder
from anonbench.attacks.metric import learn_metric
from anonbench.attacks.people import Album, Pairs
from anonbench.attacks.restoring.pictures import psnr, same_pictures, with_pictures
from anonbench.config.privacy import AttackConfig


class Config(AttackConfig):
    """``by``: how pictures are restored: the linear filter of least squared error (``wiener``), total variation with
    the method itself as the operator (``tv``; what does not invert is compared as it is), or a network that learns it
    from the known people (``unet``, with ``epochs`` and ``channels``); ``embedder``: the network that describes people;
    ``metric``: as it is (``none``), or by what tells people apart who are known to the attacker, in clear and restored
    photographs together (``learned``)."""

    attack: Literal["inversion"]
    by: Literal["wiener", "tv", "unet"] = "unet"
    embedder: Name = "imagenet"
    metric: Literal["none", "learned"] = "learned"
    epochs: Annotated[int, Field(ge=1)] = 10
    channels: Annotated[int, Field(ge=4)] = 24


class Inversion(Linker):
    """Restores what the method took away, and compares the result with a clear gallery (A2).

    Where nothing was anonymized, nothing is restored.
    """

    Config = Config
    config: Config

    def learn(self, case: Case) -> None:
        # Not above: the configuration is checked against this module before any job runs, and torch takes its time.
        from anonbench.attacks.restoring.choice import restorer_of

        self._done: list[tuple[Album, Album]] = []
        self._restorer = None
        if not same_pictures(case.known):
            self._restorer = restorer_of(self.config.by, self.config.epochs, self.config.channels)
            self._restorer.learn(case)
        self._embed = embedder(self.config.embedder, case.device)
        self._metric = None
        if self.config.metric == "learned":
            known = case.known
            both = np.concatenate([self._embed(known.clear), self._embed(self._restored(known.shown))])
            self._metric = learn_metric(both, np.tile(known.clear.identities, 2), case.seed)

    def gallery(self, people: Pairs) -> np.ndarray:
        return self._described(people.clear)

    def probes(self, people: Album) -> np.ndarray:
        return self._described(self._restored(people))

    def figures(self, people: Pairs) -> dict[str, float]:
        """How near to the clear pictures the shown and the restored ones are within the masks, dB, people's mean."""
        restored = Pairs(people.clear, self._restored(people.shown))
        return {"psnr_shown": psnr(people), "psnr_restored": psnr(restored)}

    def _restored(self, people: Album) -> Album:
        """The people as they are restored; each album once, since that takes its time."""
        for shown, restored in self._done:
            if shown is people:
                return restored
        pictures = self._restorer.restored(people) if self._restorer else people.images()
        self._done.append((people, with_pictures(people, pictures)))
        return self._done[-1][1]

    def _described(self, people: Album) -> np.ndarray:
        embeddings = self._embed(people)
        return self._metric.transform(embeddings) if self._metric else embeddings
