"""How a study was made: versions, seeds, machines, time, configuration."""

from __future__ import annotations

from anonbench.common.records import Record


class Spent(Record):
    """What the jobs of a stage have taken together, in hours, and the most memory of a job and the disk, in bytes."""

    stage: str
    jobs: int
    wall: float
    cpu: float
    gpu: float
    memory: int
    disk: int


class Provenance(Record):
    """How a study was made.

    ``versions`` are those of this library, Python and the packages that compute, by name; ``configuration`` is the
    whole of it as YAML; ``machines`` are as people name them; ``cells`` counts those that the study asks for.
    """

    versions: dict[str, str]
    configuration: str
    machines: list[str] = []
    spent: list[Spent] = []
    cells: int = 0
