"""The result matrix: which cells a study asks for, and where each one lives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

ORIGINAL, ANONYMIZED, CROSSED = "original", "anonymized", "crossed"


@dataclass(frozen=True, order=True)
class Variant:
    """How a training set was anonymized: ``original``, or a region, a method and a level."""

    region: str = "none"
    method: str = ORIGINAL
    level: str = "none"

    def __str__(self) -> str:
        return ORIGINAL if self.method == ORIGINAL else f"{self.region}-{self.method}-{self.level}"

    @classmethod
    def parse(cls, text: str) -> Variant:
        """The inverse of ``str``.

        Raises
        ------
        ValueError
            If ``text`` is neither ``original`` nor ``{region}-{method}-{level}``.
        """
        if text == ORIGINAL:
            return cls()
        parts = text.split("-")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"{text!r} is not a variant: expected 'original' or '<region>-<method>-<level>'")
        return cls(*parts)


@dataclass(frozen=True, order=True)
class Cell:
    """One trained model evaluated on one set of images.

    ``evaluated_on`` is ``original``, ``anonymized`` for images of the model's own variant, or another variant's name.
    """

    dataset: str
    model: str
    variant: str
    seed: int
    evaluated_on: str

    @property
    def shown(self) -> str:
        """The variant whose validation images the model is evaluated on."""
        return shown_variant(self.variant, self.evaluated_on)

    @property
    def path(self) -> str:
        """The cell's file, relative to the working directory."""
        return f"results/cells/{self._name}.json"

    @property
    def resamples(self) -> str:
        """The file of its replicates, relative to the working directory."""
        return f"results/resamples/{self._name}.npz"

    @property
    def _name(self) -> str:
        return f"{self.dataset}/{self.model}/{self.variant}/seed{self.seed}/{self.evaluated_on}"


def shown_variant(variant: str, evaluated_on: str) -> str:
    """The variant that :attr:`Cell.evaluated_on` means for a model that was trained on ``variant``."""
    return variant if evaluated_on == ANONYMIZED else evaluated_on


def anonymized(cells: Iterable[Cell]) -> set[tuple[str, str, str]]:
    """The anonymized images that cells are trained and evaluated on: dataset, split and variant."""
    return {
        (cell.dataset, split, variant)
        for cell in cells
        for split, variant in (("train", cell.variant), ("val", cell.shown))
        if variant != ORIGINAL
    }


def expand(study: Iterable) -> list[Cell]:
    """Every cell that a study's blocks ask for, once each, sorted.

    A block is the product of its lists. The model trained on the originals and evaluated on the originals is added for
    every dataset, model and seed, since each drop is measured against it; where a block is ``crossed``, also its cells
    on every variant's validation images.

    Parameters
    ----------
    study
        The configuration's blocks (:class:`anonbench.config.Block`).
    """
    cells: set[Cell] = set()
    for block in study:
        variants = [str(Variant(r, m, lv)) for r in block.regions for m in block.methods for lv in block.levels]
        for dataset in block.datasets:
            for model in block.models:
                for seed in block.seeds:
                    cells.add(Cell(dataset, model, ORIGINAL, seed, ORIGINAL))
                    for variant, on in product(variants, block.evaluate_on):
                        pair = (ORIGINAL, variant) if on == CROSSED else (variant, on)
                        cells.add(Cell(dataset, model, pair[0], seed, pair[1]))
    return sorted(cells)
