"""The models of a study whose differences the report shows, image by image."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from anonbench.common.files import read_made
from anonbench.config.cells import ORIGINAL, Cell, Variant
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.contrast import see
from anonbench.models.predictions import read_predictions
from anonbench.report.contrasts import Contrast, Share, contrast
from anonbench.study.jobs import Study


def compared(study: Study, hidden: Collection[str]) -> list[tuple[Cell, Cell]]:
    """The originals' cell and the variant's, of every variant, model and dataset that is not hidden.

    Both are evaluated on the original validation images, with the variant's first draw and the least seed that both
    have.
    """
    cells = [cell for cell in study.cells if cell.evaluated_on == ORIGINAL and cell.dataset not in hidden]
    originals = {(cell.dataset, cell.model, cell.seed): cell for cell in cells if cell.variant == ORIGINAL}
    first: dict[tuple[str, ...], tuple[Cell, Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (Variant.parse(cell.variant), cell.dataset, cell.model, cell.seed)):
        variant = Variant.parse(cell.variant)
        key = cell.dataset, cell.model, variant.region, variant.method, variant.level
        if variant.method != ORIGINAL and key not in first:
            first[key] = originals[cell.dataset, cell.model, cell.seed], cell
    return sorted(first.values(), key=lambda pair: (pair[1].dataset, pair[1].model, Variant.parse(pair[1].variant)))


def contrast_files(study: Study, hidden: Collection[str]) -> list[str]:
    """The files that :func:`contrasts` reads, but for the images."""
    cells = [cell for pair in compared(study, hidden) for cell in pair]
    annotations = sorted({str(_annotations(cell.dataset)) for cell in cells})
    return [*annotations, *dict.fromkeys(cell.predictions for cell in cells)]


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
    split = read_made(_annotations(original.dataset))
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


def _annotations(dataset: str) -> Path:
    return Path("resources/datasets", dataset, "annotations/val.json")
