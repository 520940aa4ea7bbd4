"""Checks of the configuration's blocks of attacks."""

from __future__ import annotations

from anonbench.common.errors import UserError, suggest
from anonbench.config.config import Config
from anonbench.config.plugins import ATTACKS, METHODS
from anonbench.config.privacy import PrivacyBlock
from anonbench.datasets.format import format_of
from anonbench.study.needs import asked_attacks, attacks_of, generator_names


def check_privacy(config: Config, block: PrivacyBlock, where: str) -> None:
    """Stop where a block names what does not exist, or asks for attacks that say nothing.

    Raises
    ------
    UserError
        For the first mistake.
    """
    for key, known in (
        ("datasets", "datasets"),
        ("serves", "datasets"),
        ("attacks", "attacks"),
        ("methods", "methods"),
    ):
        section = getattr(config, known)
        for name in getattr(block, key):
            if name not in section:
                raise UserError(f"{where}.{key} names {name!r}, which {known} does not define.", suggest(name, section))
    if bool(block.methods) != bool(block.levels):
        raise UserError(f"{where} has only one of methods and levels.", "Give both, or neither.")
    for name in block.datasets:
        found = format_of(config.datasets[name])
        if not found.identifies():
            raise UserError(
                f"{where}.datasets names {name}, which does not say who its people are.",
                "Attack a dataset whose people recur: scenes with the key `people`, lfw, market1501, or your own with"
                " `identity`.",
            )
        for region in block.regions:
            if region not in found.REGIONS:
                raise UserError(
                    f"{where}.regions asks for {region}, but {name} has {' and '.join(found.REGIONS)}s only.",
                    f"Put {name} into a block of its own with regions: [{', '.join(found.REGIONS)}].",
                )
    for name in block.attacks:
        able = ATTACKS[config.attacks[name].attack].regions
        for region in block.regions:
            if region not in able:
                raise UserError(
                    f"{where} asks for the attack {name} on a {region}, but it is one on a {' or '.join(able)} alone.",
                    f"Put {name} into a block of its own with regions: [{', '.join(able)}].",
                )
    _check_variants(config, block, where)


def _check_variants(config: Config, block: PrivacyBlock, where: str) -> None:
    for method in block.methods:
        for level in block.levels:
            if level not in config.methods[method]:
                raise UserError(
                    f"{where} asks for {method} at level {level!r}, but methods.{method} has no parameters for it.",
                    f"Add methods.{method}.{level} or choose from {', '.join(config.methods[method])}.",
                )
            for region in block.regions:
                if METHODS[config.method_plugin(method, level, region)].drops == "images":
                    raise UserError(
                        f"{where} asks for {method}, which leaves out images, so that nobody is left to attack.",
                        f"Take {method} out of the block.",
                    )
    alone = config.model_copy(update={"privacy": [block]})
    made = {one.made for one in asked_attacks(alone) if one.made}
    attacks = {one.attack for one in attacks_of(alone)}
    for name in block.attacks if made else ():
        if ATTACKS[config.attacks[name].attack].needs_generator and name not in attacks:
            raise UserError(
                f"{where} asks for the attack {name} on generators, but none of its variants is made by one.",
                f"Put {name} into a block with methods that use a generator, such as gan.",
            )
    for variant in sorted(made):
        for dataset in block.datasets:
            try:
                generator_names(config, dataset, variant.method, variant.level, variant.region)
            except UserError as error:
                raise UserError(f"{where} attacks {variant}. {error.problem}", error.fix) from None
