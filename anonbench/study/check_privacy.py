"""Checks of the configuration's blocks of attacks."""

from __future__ import annotations

from anonbench.common.errors import UserError
from anonbench.config.config import Config
from anonbench.config.plugins import ATTACKS, METHODS
from anonbench.config.privacy import PrivacyBlock
from anonbench.datasets.format import format_of
from anonbench.study.check_block import check_known, check_level, check_regions
from anonbench.study.needs import asked_attacks, attacks_of, generator_names


def check_privacy(config: Config, block: PrivacyBlock, where: str) -> None:
    """Stop where a block names what does not exist, or asks for attacks that say nothing.

    Raises
    ------
    UserError
        For the first mistake.
    """
    for key in ("datasets", "serves", "attacks", "methods"):
        check_known(config, getattr(block, key), "datasets" if key == "serves" else key, f"{where}.{key}")
    if bool(block.methods) != bool(block.levels):
        raise UserError(f"{where} has only one of methods and levels.", "Give both, or neither.")
    for name in block.datasets:
        if not format_of(config.datasets[name]).identifies():
            raise UserError(
                f"{where}.datasets names {name}, which does not say who its people are.",
                "Attack a dataset whose people recur: scenes with the key `people`, lfw, market1501, or your own with"
                " `identity`.",
            )
        check_regions(config, name, block.regions, where)
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
            check_level(config, method, level, where)
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
