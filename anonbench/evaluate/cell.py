"""The record of one cell of the result matrix, and its file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pydantic import Field, ValidationError

from anonbench.common.errors import UserError
from anonbench.common.files import read_made, write_json
from anonbench.common.validation import Model
from anonbench.config.cells import Cell
from anonbench.evaluate.records import Values


class Stratum(Model):
    """Metrics by name of some of the instances; ``instances`` are those that count."""

    instances: int
    metrics: Values


class CategoryScores(Stratum):
    """A category's metrics."""

    supercategory: str | None = None


class TaskScores(Model):
    """A task's metrics by name, over all categories and of each by its name. What is undefined is None.

    ``strata`` are other parts of the instances, by what divides them (``height_px``) and name (``32-64``).
    """

    instances: int
    metrics: Values
    categories: dict[str, CategoryScores]
    strata: dict[str, dict[str, Stratum]] = Field(default_factory=dict)


class CellScores(Model):
    """Every metric of every task of one trained model on one set of images.

    The first five fields are those of :class:`anonbench.config.cells.Cell`; ``images`` is the number of images, and
    ``tasks`` are by name. Nothing is rounded.
    """

    dataset: str
    model: str
    variant: str
    seed: int
    evaluated_on: str
    images: int
    tasks: dict[str, TaskScores]

    @property
    def key(self) -> Cell:
        """Which cell of the study it is."""
        return Cell(self.dataset, self.model, self.variant, self.seed, self.evaluated_on)


def mean_over(categories: Collection[CategoryScores]) -> Stratum:
    """The metrics of several categories: means over those that define them."""
    names = dict.fromkeys(name for scores in categories for name in scores.metrics)
    values = {
        name: [scores.metrics[name] for scores in categories if scores.metrics.get(name) is not None] for name in names
    }
    return Stratum(
        instances=sum(scores.instances for scores in categories),
        metrics={name: sum(defined) / len(defined) if defined else None for name, defined in values.items()},
    )


def write_cell(path: Path | str, cell: CellScores) -> None:
    """Write a cell's file, whole or not at all."""
    write_json(path, cell.model_dump(mode="json"))


def read_cell(path: Path | str) -> CellScores:
    """Read a cell's file.

    Raises
    ------
    UserError
        If it is missing or is not a cell's.
    """
    try:
        return CellScores.model_validate(read_made(path))
    except ValidationError as error:
        first = error.errors()[0]
        what = ".".join(map(str, first["loc"])) or "the whole"
        raise UserError(
            f"{path} is not a cell ({what}: {first['msg']}).", "Delete it and run the workflow again."
        ) from None
