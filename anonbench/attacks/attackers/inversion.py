"""The attacker who undoes the method."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from anonbench.attacks.attack import Case, Linker
from anonbench.attacks.description import Description, Metric
from anonbench.attacks.embedders import Name
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
    embedder: Name = "pixels"
    metric: Metric = "learned"
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
        known = [case.known.clear, self._restored(case.known.shown)]
        self._described = Description(self.config.embedder, self.config.metric, known, case.seed, case.device)

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
        if self._restorer is None:
            return people
        for shown, restored in self._done:
            if shown is people:
                return restored
        self._done.append((people, with_pictures(people, self._restorer.restored(people))))
        return self._done[-1][1]
