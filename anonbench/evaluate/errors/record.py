"""The record of a cell's errors."""

from __future__ import annotations

from anonbench.common.records import Record


class Error(Record):
    """A kind of error: how often it is made, and by how much AP, a fraction of 1, rises where it is mended.

    ``dap`` is empty where no instance defines AP.
    """

    count: int
    dap: float | None


class Decomposition(Record):
    """AP and the errors by name, of all categories or one; ``ap`` is empty where no instance defines it."""

    ap: float | None
    errors: dict[str, Error]


class TaskErrors(Decomposition):
    """A task's errors over all categories, and of each by its name.

    ``judged`` are the detections that are looked at, or for poses the labelled keypoints of people whom a pose matches.
    ``groups`` are ``people`` and ``others``, of means over their categories; empty where one of them has none.
    """

    judged: int
    categories: dict[str, Decomposition]
    groups: dict[str, Decomposition] = {}


class CellErrors(Record):
    """The errors of every task of one trained model on one set of images.

    The first five fields are those of :class:`anonbench.config.cells.Cell`.
    """

    dataset: str
    model: str
    variant: str
    seed: int
    evaluated_on: str
    tasks: dict[str, TaskErrors]
