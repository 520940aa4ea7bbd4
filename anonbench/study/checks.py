"""What a configuration names has to exist and to fit together: checked before any job runs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

from anonbench.common.errors import UserError, suggest
from anonbench.config.cells import ANONYMIZED, CROSSED, KEPT, REMADE, Variant
from anonbench.config.config import Config, read_config
from anonbench.config.draws import without_draw
from anonbench.config.generators import GeneratorConfig
from anonbench.config.models import ModelConfig
from anonbench.config.plugins import METHODS, TASKS
from anonbench.config.study import Block
from anonbench.config.types import Region
from anonbench.datasets.check import check_verified, out_of_reach
from anonbench.datasets.format import format_of
from anonbench.models.config_files import find_model_config, model_config_weights
from anonbench.study.check_block import check_known, check_level, check_regions
from anonbench.study.check_privacy import check_privacy
from anonbench.study.needs import generator_names, learned_splits, needed_splits, trained_generators

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # datasets and models: a path segment
WORD = re.compile(r"[a-z0-9][a-z0-9_]*")  # methods and levels: a part of a variant's name, where hyphens separate


def load(raw: dict[str, Any]) -> Config:
    """A configuration, checked with everything that it names and that can be known before a job runs.

    Raises
    ------
    UserError
        For the first mistake: what :func:`anonbench.config.config.read_config` refuses, an unknown method, model,
        dataset or level, or a missing model config, archive or annotation file. Files behind a login may be missing:
        see :func:`check_reach`.
    """
    config = read_config(raw)
    _check_names(config)
    for name, model in config.models.items():
        _check_model(config, model, f"models.{name}")
    for method, levels in config.methods.items():
        for level, params in levels.items():
            _check_name(f"methods.{method}.{level}", level, WORD)
            # Parameters below a region's name may be all that there are: the other region then cannot be asked for.
            for region in [region for region in get_args(Region) if region in params] or get_args(Region)[:1]:
                config.method_config(method, level, region)
    for name, generator in config.generators.items():
        if without_draw(name)[1]:
            raise UserError(f"generators.{name}: such names are of a generator's other draws.", "Choose another name.")
        _check_generator(config, generator, f"generators.{name}")
    for number, block in enumerate(config.study):
        _check_block(config, block, f"study[{number}]")
    for number, block in enumerate(config.privacy):
        check_privacy(config, block, f"privacy[{number}]")
    for name, generator in trained_generators(config).items():
        _check_sources(config, generator, f"generators.{name}")
    for number, folder in enumerate(config.archives):
        if not Path(folder).is_dir():
            raise UserError(f"archives[{number}] names {folder}, which is not a directory.", "Correct the path.")
    if config.shared and not Path(config.shared).is_dir():
        raise UserError(f"shared names {config.shared}, which is not a directory.", "Make it, or correct the path.")
    if config.costs and not Path(config.costs).is_file():
        raise UserError(
            f"costs names {config.costs}, which does not exist.",
            "Correct the path, or run the target `costs` in the study that it belongs to.",
        )
    for name, splits in needed_splits(config).items():
        _check_dataset(config, name, splits)
    return config


def check_reach(config: Config, datasets: Iterable[str]) -> None:
    """Stop before any job runs where a file behind a login is needed and missing.

    Not a part of :func:`load`: a study can be planned without its files, and some of its cells may need none.

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
        for line in out_of_reach(name, format_of(config.datasets[name]), splits, config.archives)
    ]
    if missing:
        raise UserError(
            "These files are behind a login, and nowhere on this machine:\n- " + "\n- ".join(missing) + "\n",
            "Put them, under these names, into a folder that the key `archives` lists, or name each under its own key.",
        )


def _check_names(config: Config) -> None:
    sections = ("datasets", NAME), ("weights", NAME), ("models", NAME), ("generators", NAME)
    sections = *sections, ("methods", WORD), ("attacks", WORD)
    for section, pattern in sections:
        for name in getattr(config, section):
            _check_name(f"{section}.{name}", name, pattern)


def _check_name(key: str, name: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(name):
        raise UserError(
            f"{key}: the name {name!r} cannot be part of a path.",
            "Use letters, digits and underscores" + (", dots and hyphens." if pattern is NAME else ", all lower case."),
        )


def _check_dataset(config: Config, name: str, splits: list[str]) -> None:
    dataset = format_of(config.datasets[name])
    try:
        for split in splits:
            dataset.require_split(split)
        dataset.check()
    except UserError as error:
        raise UserError(f"datasets.{name}: {error.problem}", error.fix) from None
    check_verified(name, dataset, splits, config.archives)


def _check_model(config: Config, model: ModelConfig, where: str) -> None:
    for number, task in enumerate(model.tasks):
        if task not in TASKS:
            raise UserError(f"{where}.tasks[{number}]: there is no task {task!r}.", suggest(task, TASKS.names()))
    if not find_model_config(model.config).is_file():
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


def _check_block(config: Config, block: Block, where: str) -> None:
    for key in ("datasets", "models", "methods"):
        check_known(config, getattr(block, key), key, f"{where}.{key}")
    for name in block.datasets:
        check_regions(config, name, block.regions, where)
    for method in block.methods:
        for level in block.levels:
            check_level(config, method, level, where)
            for dataset in block.datasets:
                for region in block.regions:
                    config.method_config(method, level, region)
                    for split in ("train", "val") if {*block.evaluate_on} & {ANONYMIZED, CROSSED} else ("train",):
                        check_dropped(config, dataset, split, Variant(region, method, level), where)
                    if REMADE in block.labels:
                        check_remade(config, dataset, Variant(region, method, level), where)
                    try:
                        generator_names(config, dataset, method, level, region)
                    except UserError as error:
                        raise UserError(f"{where} asks for {method} at {level}. {error.problem}", error.fix) from None


def check_dropped(config: Config, dataset: str, split: str, variant: Variant, where: str) -> None:
    """Stop where a method that leaves out images or labels is asked for what it cannot do.

    Raises
    ------
    UserError
        If models would be evaluated on what it leaves, or if it would remove labels of people to hide their faces.
    """
    method, region = variant.method, variant.region
    drops = METHODS[config.method_plugin(method, variant.level, region)].drops
    if drops and split != "train":
        raise UserError(
            f"{where} evaluates models on what {method} leaves of {dataset}; it leaves out {drops}, for training only.",
            f"Put {method} into a block of its own with evaluate_on: [original].",
        )
    if drops == "labels" and region not in _labelled(format_of(config.datasets[dataset]).REGIONS):
        raise UserError(
            f"{where} asks for {method} of {region}s, but the labels of {dataset} are of bodies.",
            f"Put {method} into a block of its own with regions: [body].",
        )


def check_remade(config: Config, dataset: str, variant: Variant, where: str) -> None:
    """Stop where labels are to be re-made that fit what a variant shows.

    Raises
    ------
    UserError
        If a variant draws nobody, or what it draws is not what the dataset's labels of people are of.
    """
    method, region = variant.method, variant.region
    parts = method, variant.level, region
    asks = f"{where} asks for re-made labels with {method}"
    plugin = METHODS[config.method_plugin(*parts)]
    if plugin.drops:
        raise UserError(f"{asks}, which leaves out {plugin.drops} and draws nobody.", _KEPT.format(method))
    if not plugin.random:
        raise UserError(f"{asks}, which draws nobody: the labels say where people are hidden.", _KEPT.format(method))
    if not config.method_share(*parts):
        raise UserError(f"{asks} at {variant.level}, whose share of people is 0.", _KEPT.format(method))
    if region not in _labelled(format_of(config.datasets[dataset]).REGIONS):
        raise UserError(
            f"{asks} of {region}s, but the labels of {dataset} are of bodies, which stay as they are.",
            f"Put the {region}s into a block of their own with labels: [{KEPT}].",
        )


_KEPT = "Put {} into a block of its own with labels: [" + KEPT + "]."


def _labelled(regions: tuple[Region, ...]) -> tuple[Region, ...]:
    """What a dataset's labels of people are of, by the regions that it has: faces only where there is nothing else."""
    return ("body",) if "body" in regions else regions


def _check_generator(config: Config, generator: GeneratorConfig, where: str) -> None:
    for key, names in (
        ("learns.dataset", [learns.dataset for learns in generator.learns]),
        ("serves", generator.serves),
    ):
        check_known(config, names, "datasets", f"{where}.{key}")
    if generator.trained and not Path(generator.trained).is_file():
        raise UserError(f"{where}.trained names {generator.trained}, which does not exist.", "Correct the path.")


def _check_sources(config: Config, generator: GeneratorConfig, where: str) -> None:
    for dataset, split in learned_splits(generator):
        if split not in format_of(config.datasets[dataset]).splits():
            raise UserError(
                f"{where}.learns.split is {split!r}, which {dataset} does not have.",
                "Choose train, or give the dataset such a split.",
            )
    for key in ("vgg16", "inception"):
        weights = getattr(generator, key)
        if weights and not Path(weights.file).is_file():
            raise UserError(f"{where}.{key}.file names {weights.file}, which does not exist.", "Correct the path.")
