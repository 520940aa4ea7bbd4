"""The ways to restore pictures, by name."""

from __future__ import annotations

from typing import Literal

from anonbench.attacks.restoring.restorer import Restorer
from anonbench.attacks.restoring.unet import UNet
from anonbench.attacks.restoring.variation import Variation
from anonbench.attacks.restoring.wiener import Wiener


def restorer_of(by: Literal["wiener", "tv", "unet"], epochs: int, channels: int) -> Restorer:
    """The way of that name; ``epochs`` and ``channels`` are of the network."""
    if by == "unet":
        return UNet(epochs, channels)
    return Wiener() if by == "wiener" else Variation()
