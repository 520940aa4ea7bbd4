"""What the cells of a configuration's study need: generators, and splits of datasets."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from anonbench.anonymize.registry import is_learned

if TYPE_CHECKING:
    from anonbench.config.config import Config, Generator


def network_of(config: Config, method: str, level: str, region: str) -> str:
    """Which kind of generator a learned method uses at a level for a region."""
    return config.params_of(method, level, region).get("network", "style_unet")


def needed_generators(config: Config) -> dict[str, Generator]:
    """The generators that the study's cells need, by name."""
    found = {}
    for block in config.study:
        for dataset, region, method, level in product(block.datasets, block.regions, block.methods, block.levels):
            if is_learned(method):
                for name in config.generators_for(dataset, region, network_of(config, method, level, region)):
                    found[name] = config.generators[name]
    return found


def needed_splits(config: Config) -> dict[str, list[str]]:
    """The splits that the study's cells and their generators need, by dataset, sorted."""
    found = {dataset: {"train", "val"} for block in config.study for dataset in block.datasets}
    for generator in needed_generators(config).values():
        found.setdefault(generator.learns.dataset, set()).add(generator.learns.split)
    return {dataset: sorted(splits) for dataset, splits in sorted(found.items())}
