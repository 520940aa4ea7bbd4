"""The generators by name: one module each, whose class ``Network`` it is."""

from __future__ import annotations

import importlib

from torch import nn


def network_class(name: str) -> type[nn.Module]:
    """The generator's class.

    Raises
    ------
    ModuleNotFoundError
        If there is none of that name.
    """
    return importlib.import_module(f"anonbench.gan.networks.{name}").Network
