"""How each generator is trained: one module each, whose class ``Training`` it is."""

from __future__ import annotations

import importlib

from anonbench.gan.recipes.base import Recipe


def recipe_class(network: str) -> type[Recipe]:
    """The recipe of a generator.

    Raises
    ------
    ModuleNotFoundError
        If there is none of that name.
    """
    return importlib.import_module(f"anonbench.gan.recipes.{network}").Training
