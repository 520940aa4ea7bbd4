"""What a study's finished jobs have taken: time, memory and disk by stage and by what was worked on, and unit costs."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from anonbench.common.job_record import JobRecord, record_of_job
from anonbench.common.machine import Machine
from anonbench.common.records import Record, read_record
from anonbench.config.config import Config
from anonbench.datasets.format import SplitSize
from anonbench.datasets.json_stream import records
from anonbench.study.jobs import STAGES, Job, Study
from anonbench.study.units import Unit, Units, startup
from anonbench.study.work import UnknownAmount, WorkOf

# Where the target `costs` writes, in the study's folder.
OWN = "results/costs.json"


class Spent(Record):
    """What jobs have taken together, of their last attempts.

    ``jobs`` counts those with a record, ``shared`` those of them whose outputs came from the shared folder. ``wall``
    and ``cpu`` are wall-clock and CPU seconds, of which ``startup_wall`` and ``startup_cpu`` passed before the work
    began; ``gpu`` are the wall-clock seconds of work that had a CUDA device. ``memory`` is the most that a job held at
    once and ``disk`` what the outputs fill, both in bytes; a file with several names counts once, where it was made.
    """

    stage: str
    about: str
    jobs: int
    shared: int
    wall: float
    cpu: float
    startup_wall: float
    startup_cpu: float
    gpu: float
    memory: int
    disk: int


class Costs(Record):
    """What the target `costs` writes to :data:`OWN`.

    ``spent`` has a row for every stage and what was worked on there, ``missing`` the logs of the jobs without a record,
    which have not run or ran before records were kept. ``units`` are measured unit costs by name
    (:mod:`anonbench.study.units`).
    """

    machines: list[Machine]
    spent: list[Spent]
    missing: dict[str, list[str]]
    units: dict[str, Unit]


def gather(config: Config) -> Costs:
    """Read what the jobs of a study left in the working directory. Nothing has to exist.

    Parameters
    ----------
    config
        The checked configuration.

    Raises
    ------
    UserError
        If a record is damaged.
    """
    study = Study(config)
    found = _found(study)
    done = [(job, found[job.log]) for job in study.jobs if job.log in found]
    missing = {stage: [str(job.log) for job in study.jobs_of(stage) if job.log not in found] for stage in STAGES}
    return Costs(
        machines=_machines(found.values()),
        spent=_rows(study, found),
        missing={stage: logs for stage, logs in missing.items() if logs},
        units=_units(study, done),
    )


def read_spent(study: Study) -> tuple[list[Machine], list[Spent]]:
    """The machines of a study's finished jobs, and what these have taken, as of :class:`Costs`.

    Raises
    ------
    UserError
        If a record is damaged.
    """
    found = _found(study)
    return _machines(found.values()), _rows(study, found)


def _found(study: Study) -> dict[Path, JobRecord]:
    """The records of finished jobs by their logs, in the order of the jobs."""
    return {job.log: read_record(JobRecord, path) for job in study.jobs if (path := record_of_job(job.log)).is_file()}


def _rows(study: Study, found: dict[Path, JobRecord]) -> list[Spent]:
    grouped: dict[tuple[str, str], list[Job]] = defaultdict(list)
    for job in study.jobs:
        grouped[job.stage, job.about].append(job)
    seen: set[tuple[int, int]] = set()
    return [
        _spent(stage, about, [(job, found.get(job.log)) for job in jobs], seen)
        for (stage, about), jobs in grouped.items()
    ]


def measured_units(config: Config) -> Units:
    """The unit costs of the file that the configuration names, else of the study's own; none where there is neither.

    Raises
    ------
    UserError
        If the file is damaged.
    """
    path = Path(config.costs or OWN)
    return read_record(Costs, path).units if config.costs or path.is_file() else {}


def _machines(found: Iterable[JobRecord]) -> list[Machine]:
    """Every machine once; jobs that loaded no torch say less of the same one."""
    by_name: dict[tuple[str, int], set[Machine]] = defaultdict(set)
    for record in found:
        by_name[record.machine.cpu, record.machine.cores].add(record.machine)
    return [
        machine
        for machines in by_name.values()
        for machine in sorted(machines, key=str)
        if machine.torch or not any(one.torch for one in machines)
    ]


def _spent(stage: str, about: str, jobs: list[tuple[Job, JobRecord | None]], seen: set[tuple[int, int]]) -> Spent:
    done = [(job, record) for job, record in jobs if record]
    benchmarks = [_benchmark(job) for job, _ in done]
    return Spent(
        stage=stage,
        about=about,
        jobs=len(done),
        shared=sum(record.shared for _, record in done),
        wall=sum(
            float(row["s"]) if row else record.startup_wall + record.wall
            for row, (_, record) in zip(benchmarks, done, strict=True)
        ),
        cpu=sum(record.startup_cpu + record.cpu for _, record in done),
        startup_wall=sum(record.startup_wall for _, record in done),
        startup_cpu=sum(record.startup_cpu for _, record in done),
        gpu=sum(record.wall for _, record in done if record.machine.gpu),
        memory=max(
            (max(record.memory, _sampled(row)) for row, (_, record) in zip(benchmarks, done, strict=True)), default=0
        ),
        disk=sum(_size(path, seen) for job, _ in jobs for path in job.outputs),
    )


def _benchmark(job: Job) -> dict[str, str]:
    """The row of a job's benchmark file; empty where there is none."""
    try:
        with open(job.log.with_suffix(".tsv"), encoding="utf-8", newline="") as file:
            return next(csv.DictReader(file, delimiter="\t"), {})
    except FileNotFoundError:
        return {}


def _sampled(row: dict[str, str]) -> int:
    """The most memory that Snakemake saw a job and its child processes hold, in bytes; 0 where it saw nothing."""
    try:
        return int(float(row["max_rss"]) * 2**20)
    except (KeyError, ValueError):
        return 0


def _size(path: Path, seen: set[tuple[int, int]]) -> int:
    """The bytes of a file, or of a folder's files, that are not among ``seen``."""
    if path.is_dir() and not path.is_symlink():
        with os.scandir(path) as entries:
            return sum(_size(Path(entry), seen) for entry in entries)
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    key = found.st_dev, found.st_ino
    if key in seen:
        return 0
    seen.add(key)
    return found.st_size


def _units(study: Study, done: list[tuple[Job, JobRecord]]) -> Units:
    """Unit costs of all work that was done from beginning to end, each of the machine that did most of it."""
    work_of = WorkOf(study, {split: _true_size(*split) for split in study.splits})
    seconds: dict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))
    amounts: dict[str, dict[tuple[str, str], float]] = defaultdict(lambda: defaultdict(float))

    def add(unit: str, on: str, machine: str, took: float, amount: float) -> None:
        seconds[unit][on, machine] += took
        amounts[unit][on, machine] += amount

    for job, record in done:
        machine = record.machine
        if record.resumed or record.shared:
            continue
        try:
            works = work_of(job)
        except UnknownAmount:
            continue
        core = f"{machine.cpu}, {machine.cores} cores"
        add(startup(job.rule), "core", core, record.startup_cpu + (0 if works else record.cpu), 1)
        # One generator's share of a variant cannot be told from another's, nor one device's of several.
        if len(works) == 1 and not (job.rule == "train_model" and study.config.runtime.gpus > 1):
            on_gpu = machine.gpu is not None
            took = record.wall if on_gpu else record.cpu
            add(works[0].unit, *(("gpu", machine.gpu) if on_gpu else ("core", core)), took, works[0].amount)
    return {
        unit: Unit(seconds=seconds[unit][most] / amounts[unit][most], on=most[0], machine=most[1])
        for unit in sorted(amounts)
        if amounts[unit][most := max(amounts[unit], key=amounts[unit].__getitem__)]
    }


def _true_size(dataset: str, split: str) -> SplitSize | None:
    """The size of a split that is converted; None for others."""
    path = Path("resources/datasets", dataset, "annotations", f"{split}.json")
    if not path.is_file():
        return None

    def listed(key: str):
        with open(path, "rb") as stream:
            yield from records(stream, key, str(path))

    images = pixels = 0
    for image in listed("images"):
        images += 1
        pixels += image["width"] * image["height"]
    people = {category["id"] for category in listed("categories") if category.get("is_person")}
    seen = [annotation["image_id"] for annotation in listed("annotations") if annotation["category_id"] in people]
    return SplitSize(images, len(seen), len(set(seen)), round(pixels / max(1, images)))
