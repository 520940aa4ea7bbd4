"""Checks that blocks of cells and blocks of attacks have in common."""

from __future__ import annotations

from collections.abc import Iterable

from anonbench.common.errors import UserError, suggest
from anonbench.config.config import Config
from anonbench.config.types import Region
from anonbench.datasets.format import format_of


def check_known(config: Config, names: Iterable[str], section: str, where: str) -> None:
    """Stop for a name that a section of the configuration does not define."""
    known = getattr(config, section)
    for name in names:
        if name not in known:
            raise UserError(f"{where} names {name!r}, which {section} does not define.", suggest(name, known))


def check_regions(config: Config, dataset: str, regions: Iterable[Region], where: str) -> None:
    """Stop for a region that a dataset does not have."""
    own = format_of(config.datasets[dataset]).REGIONS
    for region in regions:
        if region not in own:
            raise UserError(
                f"{where}.regions asks for {region}, but {dataset} has annotated {' and '.join(own)}s only.",
                f"Put {dataset} into a block of its own with regions: [{', '.join(own)}].",
            )


def check_level(config: Config, method: str, level: str, where: str) -> None:
    """Stop for a level at which a method has no parameters."""
    if level not in config.methods[method]:
        raise UserError(
            f"{where} asks for {method} at level {level!r}, but methods.{method} has no parameters for it.",
            f"Add methods.{method}.{level} or choose from {', '.join(config.methods[method])}.",
        )
