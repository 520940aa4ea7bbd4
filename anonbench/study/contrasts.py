"""The models of a study whose differences the report shows, image by image."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from anonbench.common.files import read_made
from anonbench.config.cells import Cell
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.contrast import see
from anonbench.models.predictions import read_predictions
from anonbench.report.contrasts import Contrast, Share, contrast
from anonbench.study.jobs import Study
from anonbench.study.shown import compared, validation_file


def contrasts(study: Study, hidden: Collection[str]) -> list[Contrast]:
    """The images on which each variant's model and the originals' differ most, of the cells that are scored.

    Sorted by dataset, model, task and variant.

    Raises
    ------
    UserError
        If a file that is there is damaged.
    """
    pairs = [pair for pair in compared(study, hidden) if all(map(_is_scored, pair))]
    share = Share.of(sum(len(study.config.models[cell.model].tasks) for _, cell in pairs))
    found: list[Contrast] = []
    for original, group in groupby(pairs, key=lambda pair: pair[0]):
        found += _contrasts(study, original, [cell for _, cell in group], share)
    return sorted(found, key=lambda one: (one.dataset, one.model, one.task))


def _is_scored(cell: Cell) -> bool:
    return Path(cell.predictions).is_file() and Path(cell.path).is_file()


def _contrasts(study: Study, original: Cell, variants: Sequence[Cell], share: Share) -> Iterator[Contrast]:
    split = read_made(validation_file(original.dataset))
    rendered, images = study.formats[original.dataset].RENDERED, Path("resources/datasets", original.dataset)
    tasks = study.config.models[original.model].tasks
    predictions = read_predictions(original.predictions)
    by_originals = {task: see(compare(split, predictions, task)) for task in tasks}
    for cell in variants:
        predictions = read_predictions(cell.predictions)
        for task in tasks:
            comparison = compare(split, predictions, task)
            seen = by_originals[task], see(comparison)
            yield contrast(cell, rendered, images / "images/val", seen, comparison, share)
