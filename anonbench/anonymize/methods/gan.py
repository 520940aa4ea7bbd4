"""Realistic anonymization: a generated person in place of the real one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from anonbench.anonymize.method import LearnedConfig, Method, Unfit
from anonbench.regions.patch import Patch


class Config(LearnedConfig):
    """``kind``: which kind of generator; ``grow``: by what fraction of its longer side the region grows before it is
    filled; ``coarseness``: how vaguely the generator is shown outline and pose, as a fraction of the same side."""

    grow: Annotated[float, Field(ge=0, le=0.5)]
    coarseness: Annotated[float, Field(ge=0, le=0.5)]


class Gan(Method):
    """Fill each region with a person who does not exist, seen from its surroundings, outline and pose only.

    After DeepPrivacy (Hukkelås et al., ISVC 2019) and its full-body successors (Hukkelås & Lindseth, WACV 2023), whose
    kind of generator arXiv 2306.05135 measures. Each person is made by one of the prepared generators, drawn at random.
    """

    Config = Config
    sees_region = False
    learned = True
    together = 32

    def prepare(self, generators: Sequence[Path], device: str) -> None:
        """Load the generators."""
        super().prepare(generators, device)
        # Not above: the configuration is checked against this module before any job runs, and torch takes its time.
        from anonbench.generators.synthesizer import Synthesizer

        self.synthesizers = [Synthesizer(generator, device) for generator in generators]

    def expect(self, keypoint_names: Sequence[str]) -> None:
        """Tell the generators what the keypoints are: they are matched by name with those that they have learned."""
        for synthesizer in self.synthesizers:
            synthesizer.expect(keypoint_names)

    def grow(self, side: float) -> int:
        """A fraction of the longer side."""
        return math.ceil(self.config.grow * side)

    def margin(self, side: float) -> int:
        """As far as a generator's window reaches."""
        return max(synthesizer.reach(side) for synthesizer in self.synthesizers)

    def fill(self, patch: Patch) -> np.ndarray:
        """The crop with a generated person in its mask."""
        output = self.fill_all([patch])[0]
        if isinstance(output, str):
            raise Unfit(output)
        return output

    def fill_all(self, patches: list[Patch]) -> list[np.ndarray | str]:
        """The patches filled, each by the generator that its random numbers choose; many in one forward pass."""
        chosen = np.array([patch.rng.integers(len(self.synthesizers)) for patch in patches])
        results: list[np.ndarray | str] = [""] * len(patches)
        for number, synthesizer in enumerate(self.synthesizers):
            places = np.flatnonzero(chosen == number)
            filled = synthesizer.fill_all([patches[place] for place in places], self.config.coarseness)
            for place, result in zip(places, filled, strict=True):
                results[place] = result
        return results
