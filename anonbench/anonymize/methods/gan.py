"""Realistic anonymization: a generated person in place of the real one."""

from __future__ import annotations

import math
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
    generator
        The trained generator's file.
    device
        ``auto``, ``cpu``, ``cuda`` or a device of that kind.
    """

    Params = Params
    sees_region = False
    learned = True
    together = 32

    def __init__(self, params: dict[str, Any], generator: Path, device: str) -> None:
        super().__init__(params)
        # Not above: the configuration is checked against this module before any job runs, and torch takes its time.
        from anonbench.gan.synthesizer import Synthesizer

        self.synthesizer = Synthesizer(generator, device)

    def grow(self, side: float) -> int:
        """A fraction of the longer side."""
        return math.ceil(self.params.grow * side)

    def margin(self, side: float) -> int:
        """As far as the generator's window reaches."""
        return self.synthesizer.reach(side)

    def fill(self, patch: base.Patch) -> np.ndarray:
        """The crop with a generated person in its mask."""
        output = self.synthesizer.fill_all([patch], self.params.coarseness)[0]
        if isinstance(output, str):
            raise base.Unfit(output)
        return output

    def fill_all(self, patches: list[base.Patch]) -> list[np.ndarray | str]:
        """As :meth:`fill`, many in one forward pass; one by one where that fails."""
        try:
            return self.synthesizer.fill_all(patches, self.params.coarseness)
        except Exception:
            base.log.exception("a batch of %d regions failed, which are now tried one by one", len(patches))
            return super().fill_all(patches)
