"""Photographs whose people a COCO file annotates, converted as a study does it, with all its checks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anonbench.cli.finders import Given
from anonbench.cli.own import own_dataset
from anonbench.cli.photographs import Photograph
from anonbench.config.plugins import FORMATS
from anonbench.config.regions import RegionsConfig
from anonbench.config.types import Region as RegionName
from anonbench.datasets.prepare import prepare
from anonbench.regions.build import build_regions

SPLIT = "photographs"


def converted(entry: dict[str, Any], split: str, folder: Path) -> tuple[Path, Path]:
    """A split of a dataset in the common form, below ``folder``: its annotations and its images.

    Raises
    ------
    UserError
        For whatever is wrong with the file or an image that it lists.
    """
    made = folder / "annotations" / f"{split}.json", folder / "images" / split
    prepare(FORMATS.create(entry["format"], entry), split, {}, made[1], made[0], SPLIT)
    return made


def given(
    images: Path, annotations: Path, people: Sequence[str], region: RegionName, config: RegionsConfig, folder: Path
) -> tuple[list[Photograph], Given]:
    """The photographs that a COCO file lists, converted below ``folder``, and where their regions are.

    Parameters
    ----------
    images, annotations
        The folder of images and the JSON file.
    people
        The categories that are people; guessed where there are none.
    region
        ``face`` or ``body``.
    config
        How regions are found.
    folder
        Where to convert to.

    Raises
    ------
    UserError
        As for :func:`converted` and :func:`anonbench.regions.build.build_regions`.
    """
    listed, converted_images = converted(own_dataset({"val": (images, annotations)}, people), "val", folder)
    regions = build_regions(listed, converted_images, region, config)
    finder = Given(regions)
    return [Photograph(converted_images / name, name) for name in finder.images], finder
