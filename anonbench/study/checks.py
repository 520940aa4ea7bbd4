"""What a configuration names has to exist and to fit together: checked before any job runs."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from anonbench.anonymize.registry import check_params, is_learned
from anonbench.common.errors import UserError
from anonbench.datasets.check import check_verified, early_errors, out_of_reach
from anonbench.models.config_files import model_config_weights
from anonbench.study.needs import needed_generators, needed_splits, network_of

if TYPE_CHECKING:
    from anonbench.config.config import Block, Config, Generator, TrainedModel

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # datasets and models: a path segment
WORD = re.compile(r"[a-z0-9][a-z0-9_]*")  # methods and levels: a part of a variant's name, where hyphens separate
REGIONS = "face", "body"


def check(config: Config) -> None:
    """Check everything that a configuration names and that can be known before a job runs.

    Raises
    ------
    UserError
        For the first mistake, as :func:`anonbench.config.load` says.
    """
    sections = ("datasets", NAME), ("weights", NAME), ("models", NAME), ("generators", NAME), ("methods", WORD)
    for section, pattern in sections:
        for name in getattr(config, section):
            _check_name(f"{section}.{name}", name, pattern)
    for name, model in config.models.items():
        _check_model(config, model, f"models.{name}")
    for method, levels in config.methods.items():
        for level, params in levels.items():
            _check_name(f"methods.{method}.{level}", level, WORD)
            for region in sorted(params.keys() & set(REGIONS)):
                if not isinstance(params[region], dict):
                    raise UserError(
                        f"methods.{method}.{level}.{region} is {params[region]!r}.", "Write parameters below it."
                    )
                _check_params(config, method, level, region)
            if not params.keys() & set(REGIONS):
                _check_params(config, method, level, "body")
    for name, generator in config.generators.items():
        _check_generator(config, generator, f"generators.{name}")
    for number, block in enumerate(config.study):
        _check_block(config, block, f"study[{number}]")
    for name, generator in needed_generators(config).items():
        _check_sources(config, generator, f"generators.{name}")
    for number, folder in enumerate(config.archives):
        if not Path(folder).is_dir():
            raise UserError(f"archives[{number}] names {folder}, which is no folder.", "Correct the path.")
    for name, splits in needed_splits(config).items():
        spec = config.datasets[name].model_dump()
        try:
            early_errors(spec)
        except UserError as error:
            raise UserError(f"datasets.{name}: {error.what}", error.mend) from None
        check_verified(name, spec, splits, config.archives)


def check_reach(config: Config, datasets: Iterable[str]) -> None:
    """Stop before any job runs where a file behind a login is needed and nowhere.

    Not a part of :func:`check`: what a study takes can be told without its files, and some of its cells may need none.

    Parameters
    ----------
    config
        The checked configuration.
    datasets
        The datasets that are needed. What generators learn from counts where it is among them.

    Raises
    ------
    UserError
        Listing every such file of these datasets, with what to do about it.
    """
    asked = set(datasets)
    missing = [
        line
        for name, splits in needed_splits(config).items()
        if name in asked
        for line in out_of_reach(name, config.datasets[name].model_dump(), splits, config.archives)
    ]
    if missing:
        raise UserError(
            "These files are behind a login, and nowhere on this machine:\n- " + "\n- ".join(missing) + "\n",
            "Put them, under these names, into a folder that the key `archives` lists, or name each under its own key.",
        )


def suggest(name: str, known: Iterable[str]) -> str:
    """What a user may have meant by a name that is unknown, as a sentence."""
    known = [str(k) for k in known]
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Choose from {', '.join(known)}."


def _check_model(config: Config, model: TrainedModel, where: str) -> None:
    if not Path(model.config).is_file():
        raise UserError(f"{where}.config names {model.config}, which does not exist.", "Correct the path.")
    try:
        names = model_config_weights(model.config)
    except (OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{where}.config: {model.config} cannot be read ({error}).", "Correct the file.") from None
    for name in names:
        if name not in config.weights:
            raise UserError(
                f"{model.config} starts from the weights {name!r}, which weights does not define.",
                suggest(name, config.weights),
            )
        if (file := config.weights[name].file) and not Path(file).is_file():
            raise UserError(f"weights.{name}.file names {file}, which does not exist.", "Correct the path.")


def _check_params(config: Config, method: str, level: str, region: str) -> None:
    where = f"methods.{method}.{level}" + (f".{region}" if region in config.methods[method][level] else "")
    try:
        check_params(method, config.params_of(method, level, region))
    except UserError as error:
        raise UserError(f"{where}: {error.what}", error.mend) from None


def _check_block(config: Config, block: Block, where: str) -> None:
    for key, known in (("datasets", config.datasets), ("models", config.models), ("methods", config.methods)):
        for name in getattr(block, key):
            if name not in known:
                raise UserError(f"{where}.{key} names {name!r}, which {key} does not define.", suggest(name, known))
    for name in block.datasets:
        if "body" in block.regions and config.datasets[name].format == "wider_face":
            raise UserError(
                f"{where}.regions asks for body, but {name} has annotated faces only.",
                f"Put {name} into a block of its own with regions: [face].",
            )
    for method in block.methods:
        for level in block.levels:
            if level not in config.methods[method]:
                raise UserError(
                    f"{where} asks for {method} at level {level!r}, but methods.{method} has no parameters for it.",
                    f"Add methods.{method}.{level} or choose from {', '.join(config.methods[method])}.",
                )
    for method, level, dataset, region in product(block.methods, block.levels, block.datasets, block.regions):
        _check_params(config, method, level, region)
        if is_learned(method):
            try:
                config.generators_for(dataset, region, network_of(config, method, level, region))
            except UserError as error:
                raise UserError(f"{where} asks for {method} at {level}. {error.what}", error.mend) from None


def _check_generator(config: Config, generator: Generator, where: str) -> None:
    if generator.texture and generator.network != "style_unet":
        raise UserError(f"{where}.texture is for style_unet, not for {generator.network}.", "Leave it out.")
    for key, names in (("learns.dataset", [generator.learns.dataset]), ("serves", generator.serves)):
        for name in names:
            if name not in config.datasets:
                raise UserError(
                    f"{where}.{key} names {name!r}, which datasets does not define.", suggest(name, config.datasets)
                )


def _check_sources(config: Config, generator: Generator, where: str) -> None:
    dataset = config.datasets[generator.learns.dataset]
    splits = getattr(dataset, "splits", None)
    split = generator.learns.split
    has = split == "train" if splits is None else bool(dict(splits).get(split))
    if split == "gan" and dataset.format == "coco2017":
        has = dataset.gan_share > 0
    if not has:
        raise UserError(
            f"{where}.learns.split is {split!r}, which {generator.learns.dataset} does not have.",
            "Choose train, or give the dataset such a split.",
        )
    for key in ("vgg16", "inception"):
        weights = getattr(generator, key)
        if weights and not Path(weights.file).is_file():
            raise UserError(f"{where}.{key}.file names {weights.file}, which does not exist.", "Correct the path.")


def _check_name(key: str, name: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(name):
        raise UserError(
            f"{key}: the name {name!r} cannot be part of a path.",
            "Use letters, digits and underscores" + (", dots and hyphens." if pattern is NAME else ", all lower case."),
        )
