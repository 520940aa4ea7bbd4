"""The kinds of generator: one folder each, found by name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from anonbench.generators.training import Recipe


def network_class(name: str) -> type[nn.Module]:
    """The generator's class."""
    return importlib.import_module(f"anonbench.generators.kinds.{name}.network").Network


def training_class(name: str) -> type[Recipe]:
    """How a generator is trained."""
    return importlib.import_module(f"anonbench.generators.kinds.{name}.training").Training
