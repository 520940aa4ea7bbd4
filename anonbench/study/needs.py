"""What the cells of a configuration's study need: generators, and splits of datasets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from anonbench.config.cells import Cell, Variant, expand
from anonbench.config.config import Config
from anonbench.config.draws import with_draw
from anonbench.config.generators import GeneratorConfig
from anonbench.config.plugins import ATTACKS, METHODS
from anonbench.config.privacy import Attacked, PrivacyBlock, expand_attacks
from anonbench.config.types import Region


def kind_of(config: Config, method: str, level: str, region: Region) -> str | None:
    """Which kind of generator a method uses at a level for a region; None where it uses none."""
    if not METHODS[config.method_plugin(method, level, region)].learned:
        return None
    return config.method_config(method, level, region).kind


def cells_of(config: Config) -> list[Cell]:
    """Every cell that a configuration's study asks for."""
    return expand(config.study, lambda variant: is_random(config, variant))


def attacks_of(config: Config) -> list[Attacked]:
    """Every attack that a configuration asks for.

    What leaves out images leaves nobody to attack, an attack on generators attacks only what they made, and a block
    costs nothing where the study trains on none of the datasets that it serves.
    """
    return [one for one in asked_attacks(config) if _applies(config, one)]


def asked_attacks(config: Config) -> list[Attacked]:
    """The same with attacks on generators where no generator made anybody."""
    blocks = _judging(config)
    if not blocks:  # of a large study, going through all of it for nothing takes its time
        return []
    study = (
        (dataset, Variant(region, method, level, draw))
        for dataset, region, method, level, draw in _studied(config)
        if METHODS[config.method_plugin(method, level, region)].drops != "images"
    )
    return expand_attacks(blocks, study)


def _applies(config: Config, attacked: Attacked) -> bool:
    if not ATTACKS[config.attacks[attacked.attack].attack].needs_generator:
        return True
    made = attacked.made
    return made is not None and kind_of(config, made.method, made.level, made.region) is not None


def inspected(config: Config, attacked: Attacked) -> list[GeneratorConfig]:
    """The generators that an attack looks into; none for most attacks."""
    return [config.generator(name) for name in inspected_names(config, attacked)]


def inspected_names(config: Config, attacked: Attacked) -> list[str]:
    """Their names."""
    made = attacked.made
    if made is None or not ATTACKS[config.attacks[attacked.attack].attack].needs_generator:
        return []
    return generator_names(config, attacked.dataset, made.method, made.level, made.region, made.draw)


def looked_at(generator: GeneratorConfig) -> list[tuple[str, str]]:
    """Dataset and split of the people whom a generator learned from, and of as many others of the same datasets.

    No generator learns from ``val``.
    """
    return [*learned_splits(generator), *((learns.dataset, "val") for learns in generator.learns)]


def learned_splits(generator: GeneratorConfig) -> list[tuple[str, str]]:
    """Dataset and split of the people whom a generator learns from."""
    return [(learns.dataset, learns.split) for learns in generator.learns]


def served_by(config: Config) -> list[tuple[str, Region, str]]:
    """Attacked dataset, region, and dataset of the study whose variants it judges, once each, sorted."""
    return sorted({one for block in _judging(config) for one in product(block.datasets, block.regions, block.serves)})


def is_random(config: Config, variant: Variant) -> bool:
    """Whether another seed makes other images: of a random method, or of a level that draws whom to anonymize."""
    parts = variant.method, variant.level, variant.region
    return METHODS[config.method_plugin(*parts)].random or 0 < config.method_share(*parts) < 1


def generator_names(config: Config, dataset: str, method: str, level: str, region: Region, draw: int = 0) -> list[str]:
    """The generators that make a dataset's people with a method at a level; none where the method is not learned.

    Every draw has generators of its own, but for those that are ``trained`` already.

    Raises
    ------
    UserError
        If no configured generator serves them.
    """
    kind = kind_of(config, method, level, region)
    names = config.generators_for(dataset, region, kind) if kind else []
    return [name if config.generators[name].trained else with_draw(name, draw) for name in names]


def learned_methods(config: Config) -> list[str]:
    """The methods of the study that use a generator at any of its levels."""
    made = variants_of(config)
    return sorted({method for _, region, method, level, _ in made if kind_of(config, method, level, region)})


def needed_generators(config: Config) -> dict[str, GeneratorConfig]:
    """The generators that the study's cells need, by name."""
    names = (
        name
        for dataset, region, method, level, draw in variants_of(config)
        for name in generator_names(config, dataset, method, level, region, draw)
    )
    return {name: config.generator(name) for name in names}


def trained_generators(config: Config) -> dict[str, GeneratorConfig]:
    """Those of them that the workflow trains itself."""
    return {name: generator for name, generator in needed_generators(config).items() if generator.trained is None}


def needed_splits(config: Config) -> dict[str, list[str]]:
    """The splits that the study's cells and their generators need, by dataset, sorted."""
    found = {dataset: {"train", "val"} for block in (*config.study, *_judging(config)) for dataset in block.datasets}
    for generator in trained_generators(config).values():
        for dataset, split in learned_splits(generator):
            found.setdefault(dataset, set()).add(split)
    for dataset, split, _ in inspected_splits(config):
        found.setdefault(dataset, set()).add(split)
    return {dataset: sorted(splits) for dataset, splits in sorted(found.items())}


def inspected_splits(config: Config) -> set[tuple[str, str, Region]]:
    """Dataset, split and region of the people whom attacks on generators look at."""
    found = (generator for one in attacks_of(config) for generator in inspected(config, one))
    return {(dataset, split, generator.region) for generator in found for dataset, split in looked_at(generator)}


def variants_of(config: Config) -> Iterator[tuple[str, Region, str, str, int]]:
    """Dataset, region, method, level and draw of all that is anonymized to train on or to attack, maybe repeatedly."""
    yield from _studied(config)
    for attacked in attacks_of(config):
        if made := attacked.made:
            yield attacked.dataset, made.region, made.method, made.level, made.draw


def _judging(config: Config) -> list[PrivacyBlock]:
    """The blocks of attacks that judge something, serving the datasets alone that the study trains on."""
    trained = {dataset for block in config.study for dataset in block.datasets}
    served = [(block, [name for name in block.serves if name in trained]) for block in config.privacy]
    return [block.model_copy(update={"serves": names}) for block, names in served if names]


def _studied(config: Config) -> Iterator[tuple[str, Region, str, str, int]]:
    for block in config.study:
        yield from product(block.datasets, block.regions, block.methods, block.levels, block.draws)
