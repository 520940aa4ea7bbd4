"""Realistic anonymization: a generated person in place of the real one."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from anonbench.anonymize import base


class Params(base.Params):
    """``network``: which kind of generator; ``grow``: by what fraction of its longer side the region grows before it is
    filled; ``coarseness``: how vaguely outline and pose are told, as a fraction of the same side."""

    network: Literal["style_unet", "context_encoder"] = "style_unet"
    grow: Annotated[float, Field(ge=0, le=0.5)]
    coarseness: Annotated[float, Field(ge=0, le=0.5)]


class Gan(base.Anonymizer):
    """Fill each region with a person who does not exist, seen from its surroundings, outline and pose only.

    After DeepPrivacy (Hukkelås et al., ISVC 2019) and its full-body successors (Hukkelås & Lindseth, WACV 2023), whose
    kind of generator arXiv 2306.05135 measures.

    Parameters
    ----------
    params
        As in the configuration.
    generators
        The trained generators' files. Each person is made by one of them, drawn at random.
    device
        ``auto``, ``cpu``, ``cuda`` or a device of that kind.
    """

    Params = Params
    sees_region = False
    learned = True
    together = 32

    def __init__(self, params: dict[str, Any], generators: Sequence[Path], device: str) -> None:
        super().__init__(params)
        # Not above: the configuration is checked against this module before any job runs, and torch takes its time.
        from anonbench.generators.synthesizer import Synthesizer

        self.synthesizers = [Synthesizer(generator, device) for generator in generators]

    @contextmanager
    def started(self, given: base.Assignment) -> Iterator[None]:
        """Tells the generators what the keypoints are, which are matched by name with those that they have learned."""
        for synthesizer in self.synthesizers:
            synthesizer.expect(given.keypoint_names)
        yield

    def grow(self, side: float) -> int:
        """A fraction of the longer side."""
        return math.ceil(self.params.grow * side)

    def margin(self, side: float) -> int:
        """As far as a generator's window reaches."""
        return max(synthesizer.reach(side) for synthesizer in self.synthesizers)

    def fill(self, patch: base.Patch) -> np.ndarray:
        """The crop with a generated person in its mask."""
        output = self._drawn([patch])[0]
        if isinstance(output, str):
            raise base.Unfit(output)
        return output

    def fill_all(self, patches: list[base.Patch]) -> list[np.ndarray | str]:
        """As :meth:`fill`, many in one forward pass; one by one where that fails."""
        try:
            return self._drawn(patches)
        except Exception:
            base.log.exception("a batch of %d regions failed, which are now tried one by one", len(patches))
            return super().fill_all(patches)

    def _drawn(self, patches: list[base.Patch]) -> list[np.ndarray | str]:
        """The patches filled, each by the generator that its random numbers choose."""
        chosen = np.array([patch.rng.integers(len(self.synthesizers)) for patch in patches])
        results: list[np.ndarray | str] = [""] * len(patches)
        for number, synthesizer in enumerate(self.synthesizers):
            places = np.flatnonzero(chosen == number)
            filled = synthesizer.fill_all([patches[place] for place in places], self.params.coarseness)
            for place, result in zip(places, filled, strict=True):
                results[place] = result
        return results
