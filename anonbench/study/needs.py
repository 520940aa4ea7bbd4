"""What the cells of a configuration's study need: generators, and splits of datasets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from anonbench.config.config import Config
from anonbench.config.generators import GeneratorConfig
from anonbench.config.plugins import METHODS
from anonbench.config.types import Region


def kind_of(config: Config, method: str, level: str, region: Region) -> str | None:
    """Which kind of generator a method uses at a level for a region; None where it uses none."""
    if not METHODS[config.method_plugin(method, level, region)].learned:
        return None
    return config.method_config(method, level, region).kind


def generator_names(config: Config, dataset: str, method: str, level: str, region: Region) -> list[str]:
    """The generators that make a dataset's people with a method at a level; none where the method is not learned.

    Raises
    ------
    UserError
        If no configured generator serves them.
    """
    kind = kind_of(config, method, level, region)
    return config.generators_for(dataset, region, kind) if kind else []


def learned_methods(config: Config) -> list[str]:
    """The methods of the study that use a generator at any of its levels."""
    return sorted(
        {method for _, region, method, level in variants_of(config) if kind_of(config, method, level, region)}
    )


def needed_generators(config: Config) -> dict[str, GeneratorConfig]:
    """The generators that the study's cells need, by name."""
    names = (
        name
        for dataset, region, method, level in variants_of(config)
        for name in generator_names(config, dataset, method, level, region)
    )
    return {name: config.generators[name] for name in names}


def trained_generators(config: Config) -> dict[str, GeneratorConfig]:
    """Those of them that the workflow trains itself."""
    return {name: generator for name, generator in needed_generators(config).items() if generator.trained is None}


def needed_splits(config: Config) -> dict[str, list[str]]:
    """The splits that the study's cells and their generators need, by dataset, sorted."""
    found = {dataset: {"train", "val"} for block in config.study for dataset in block.datasets}
    for generator in trained_generators(config).values():
        found.setdefault(generator.learns.dataset, set()).add(generator.learns.split)
    return {dataset: sorted(splits) for dataset, splits in sorted(found.items())}


def variants_of(config: Config) -> Iterator[tuple[str, Region, str, str]]:
    """Dataset, region, method and level of everything that the study's blocks anonymize, perhaps several times."""
    for block in config.study:
        yield from product(block.datasets, block.regions, block.methods, block.levels)
