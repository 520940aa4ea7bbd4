"""Which files of a study the report shows, without loading what reads them: every call of Snakemake asks for them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import astuple, replace
from pathlib import Path

from anonbench.config.cells import ORIGINAL, Cell, Variant
from anonbench.study.jobs import Study


def training_files(study: Study) -> dict[tuple[str, str, str, int], Path]:
    """The file of logged losses of every training, by dataset, model, variant and seed."""
    return {
        (dataset, model, variant, seed): Path(f"results/models/{dataset}/{model}/{variant}/seed{seed}/scalars.json")
        for dataset, model, variant, seed in sorted(study.trainings)
    }


def training_manifests(study: Study) -> dict[tuple[str, str], Path]:
    """The manifest of the training images of every variant, by dataset and variant; not of people to attack alone."""
    trained = {cell.dataset for cell in study.cells}
    return {
        (made.dataset, str(made.variant)): Path(f"resources/variants/{made.dataset}/train/{made.variant}/manifest.json")
        for made in sorted(study.made, key=lambda made: (made.dataset, made.variant))
        if made.split == "train" and made.dataset in trained
    }


def generator_folders(study: Study) -> dict[str, Path]:
    """The folder of every generator that the study trains, by its name."""
    return {name: Path("resources/generators", name) for name in sorted(study.learned)}


def hidden_datasets(study: Study) -> list[str]:
    """The datasets whose photographs the configuration leaves out of the report."""
    if study.config.report.photographs == "show":
        return []
    return sorted(name for name, source in study.formats.items() if not source.RENDERED)


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
        key = cell.dataset, cell.model, *astuple(replace(variant, draw=0))
        if variant.method != ORIGINAL and key not in first:
            first[key] = originals[cell.dataset, cell.model, cell.seed], cell
    return sorted(first.values(), key=lambda pair: (pair[1].dataset, pair[1].model, Variant.parse(pair[1].variant)))


def contrast_files(study: Study, hidden: Collection[str]) -> list[Path]:
    """The files of the images on which the models of :func:`compared` differ most."""
    return [
        Path(f"results/contrasts/{cell.dataset}/{cell.model}/{cell.variant}/seed{cell.seed}.json")
        for _, cell in compared(study, hidden)
    ]
