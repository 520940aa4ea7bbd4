"""The result matrix: which cells a study asks for, and where each one lives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

from anonbench.config.draws import with_draw, without_draw

ORIGINAL, ANONYMIZED, CROSSED = "original", "anonymized", "crossed"
KEPT, REMADE = "kept", "remade"
Labels = Literal["kept", "remade"]


@dataclass(frozen=True, order=True)
class Variant:
    """How a training set was anonymized: ``original``, or a region, a method and a level.

    ``draw`` counts the repetitions of everything random before a model's training, which have other seeds. ``labels``
    are those of the originals, ``kept``, or ``remade`` by a model where people were drawn: of the same images.
    """

    region: str = "none"
    method: str = ORIGINAL
    level: str = "none"
    draw: int = 0
    labels: Labels = KEPT

    def __str__(self) -> str:
        if self.method == ORIGINAL:
            return ORIGINAL
        name = with_draw(f"{self.region}-{self.method}-{self.level}", self.draw)
        return f"{name}-{REMADE}" if self.labels == REMADE else name

    @classmethod
    def parse(cls, text: str) -> Variant:
        """The inverse of ``str``.

        Raises
        ------
        ValueError
            If ``text`` is neither ``original`` nor ``{region}-{method}-{level}``, with ``-draw{draw}`` from draw 1 on
            and ``-remade`` of labels that are.
        """
        if text == ORIGINAL:
            return cls()
        images = images_of(text)
        name, draw = without_draw(images)
        parts = name.split("-")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"{text!r} is not a variant: expected 'original' or '<region>-<method>-<level>'")
        return cls(*parts, draw, KEPT if images == text else REMADE)


@dataclass(frozen=True, order=True)
class Cell:
    """One trained model evaluated on one set of images.

    ``variant`` names what it is trained on, images and labels. ``evaluated_on`` is ``original``, ``anonymized`` for
    images of the model's own variant, or another variant's name.
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
    def predictions(self) -> str:
        """The file of what its model finds, relative to the working directory."""
        return f"results/predictions/{self._name}.json.gz"

    @property
    def errors(self) -> str:
        """The file of its errors, relative to the working directory."""
        return f"results/errors/{self._name}.json"

    @property
    def _name(self) -> str:
        return f"{self.dataset}/{self.model}/{self.variant}/seed{self.seed}/{self.evaluated_on}"


def images_of(variant: str) -> str:
    """The name of the variant whose images it has, whatever its labels are."""
    return variant.removesuffix(f"-{REMADE}")


def shown_variant(variant: str, evaluated_on: str) -> str:
    """The variant that :attr:`Cell.evaluated_on` means for a model that was trained on ``variant``."""
    return images_of(variant) if evaluated_on == ANONYMIZED else evaluated_on


def anonymized(cells: Iterable[Cell]) -> set[tuple[str, str, str]]:
    """The anonymized images that cells are trained and evaluated on: dataset, split and variant."""
    return {
        (cell.dataset, split, variant)
        for cell in cells
        for split, variant in (("train", images_of(cell.variant)), ("val", cell.shown))
        if variant != ORIGINAL
    }


def expand(study: Iterable, is_random: Callable[[Variant], bool]) -> list[Cell]:
    """Every cell that a study's blocks ask for, once each, sorted.

    A block is the product of its lists. The model trained on the originals and evaluated on the originals is added for
    every dataset, model and seed, since each drop is measured against it; where a block is ``crossed``, also its cells
    on every variant's validation images.

    Parameters
    ----------
    study
        The configuration's blocks (:class:`anonbench.config.study.Block`).
    is_random
        Whether another draw of a variant would be another one; where not, it has draw 0 alone.
    """
    cells: set[Cell] = set()
    for block in study:
        variants = list(_variants(block, is_random))
        for dataset in block.datasets:
            for model in block.models:
                for seed in block.seeds:
                    cells.add(Cell(dataset, model, ORIGINAL, seed, ORIGINAL))
                    for variant, labels, on in product(variants, block.labels, block.evaluate_on):
                        trained = str(replace(variant, labels=labels))
                        pair = (ORIGINAL, str(variant)) if on == CROSSED else (trained, on)
                        cells.add(Cell(dataset, model, pair[0], seed, pair[1]))
    return sorted(cells)


def _variants(block: Any, is_random: Callable[[Variant], bool]) -> Iterator[Variant]:
    for parts in product(block.regions, block.methods, block.levels):
        variant = Variant(*parts)
        draws = [draw for draw in block.draws if draw == 0 or is_random(variant)]
        yield from (replace(variant, draw=draw) for draw in draws or [0])
