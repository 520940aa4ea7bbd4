"""A cell that a study asks for and does not have."""

from __future__ import annotations

from anonbench.common.records import Record


class MissingCell(Record):
    """A missing cell and why.

    The first five fields are those of :class:`anonbench.config.cells.Cell`. ``rule`` and ``log`` are of the first job
    on the way to it whose outputs do not exist; ``ended`` says in a few words how that job ended, and ``lines`` are the
    last ones of its log that tell of an error.
    """

    dataset: str
    model: str
    variant: str
    seed: int
    evaluated_on: str
    rule: str
    log: str
    ended: str
    lines: list[str] = []
