"""What a study takes before anything starts: cells, jobs, hours and disk by stage, all estimated from unit costs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from tabulate import tabulate

from anonbench.config.config import Config
from anonbench.config.methods import EXTERNAL
from anonbench.config.types import Region
from anonbench.datasets.format import SplitSize
from anonbench.datasets.locate import FETCHED, locate, remote_files
from anonbench.study import costs
from anonbench.study.jobs import Study
from anonbench.study.units import Units, find, shipped, startup
from anonbench.study.work import UnknownAmount, Work, WorkOf

T = TypeVar("T")


@dataclass
class Stage:
    """One stage of the workflow.

    Parameters
    ----------
    name
        ``datasets``, ``regions``, ``generators``, ``variants``, ``labels``, ``models``, ``predictions``, ``cells``,
        ``resamples``, ``errors``, ``attacks``, ``contrasts`` or ``report``.
    jobs
        Number of jobs, exact.
    core_hours, gpu_hours, disk
        Estimates, disk in bytes, without what ``unknown`` names.
    temporary
        Bytes on the disk that a job needs besides while it runs, at most.
    unknown
        What the estimates leave out because nobody knows it, a phrase each.
    machines
        The machines that the hours hold for.
    """

    name: str
    jobs: int = 0
    core_hours: float = 0.0
    gpu_hours: float = 0.0
    disk: float = 0.0
    temporary: float = 0.0
    unknown: set[str] = field(default_factory=set)
    machines: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Plan:
    """The stages in the order of the workflow, and how many cells and trainings the study has."""

    stages: list[Stage]
    cells: int
    trainings: int

    @property
    def peak(self) -> float:
        """Bytes on the disk at any moment, at most: what stays, and what a job needs besides while it runs."""
        return sum(stage.disk for stage in self.stages) + max(stage.temporary for stage in self.stages)


def plan(config: Config, measured: Units | None = None) -> Plan:
    """Estimate what the whole study takes, as if nothing of it existed.

    Reads of the datasets only what is there before they are fetched: the configuration, official counts, and a user's
    own annotation files.

    Parameters
    ----------
    config
        The checked configuration.
    measured
        Unit costs that stand in for the shipped ones.
    """
    study = _Estimates(config, shipped() | (measured or {}))
    return Plan(study.stages(), len(study.cells), len(study.trainings))


def as_markdown(found: Plan) -> str:
    """The plan as a table with its notes."""
    stages = [*found.stages, _total(found.stages)]
    rows = [
        [
            stage.name,
            f"{stage.jobs:,}",
            *(f"{hours:,.1f}{'+' * bool(stage.unknown)}" for hours in (stage.core_hours, stage.gpu_hours)),
            f"{stage.disk / 1e9:,.2f}{'+' * bool(stage.unknown)}",
        ]
        for stage in stages
    ]
    table = tabulate(
        rows, headers=["stage", "jobs", "core-hours", "GPU-hours", "disk GB"], tablefmt="github", disable_numparse=True
    )
    notes = [
        "Jobs are exact. Hours and disk are estimated from unit costs, for the whole study: what exists already is not",
        "taken off. The hours hold for",
        "",
        *[f"- {stage.name}: {', '.join(sorted(stage.machines))}" for stage in found.stages if stage.machines],
    ]
    more = "+" * any(stage.unknown for stage in found.stages)
    notes.append(f"At any moment, {found.peak / 1e9:,.2f}{more} GB are on the disk at most.")
    missing = [f"- {stage.name}: {what}" for stage in found.stages for what in sorted(stage.unknown)]
    if missing:
        notes += ["", "`+` means that more comes to it, which nobody knows yet:", "", *missing]
    head = f"{found.cells:,} cells from {found.trainings:,} trainings."
    return "\n".join([head, "", table, "", *notes]) + "\n"


def _total(stages: list[Stage]) -> Stage:
    total = Stage("total")
    for stage in stages:
        for key in ("jobs", "core_hours", "gpu_hours", "disk"):
            setattr(total, key, getattr(total, key) + getattr(stage, key))
        total.unknown |= stage.unknown
    return total


def _covered(size: SplitSize, region: Region) -> float:
    """The share of a split's pixels that bodies or faces cover; faces are as large for their bodies as on COCO's."""
    if region == "face" and size.faces is not None:
        return size.faces
    scale = 1.0 if size.bodies is None else size.bodies / costs.BODIES
    return scale * (costs.BODIES if region == "body" else costs.FACES)


class _Estimates(Study):
    """What the stages of a study take, from sizes that are known before anything is fetched.

    Parameters
    ----------
    config
        The checked configuration.
    units
        Unit costs by name.
    """

    def __init__(self, config: Config, units: Units) -> None:
        super().__init__(config)
        self._units = units
        self.sizes = {(dataset, split): self.formats[dataset].size(split) for dataset, split in self.splits}
        self._work_of = WorkOf(self, self.sizes)

    def stages(self) -> list[Stage]:
        """All of them, in the order of the workflow."""
        return [
            self.datasets(),
            self._stage("regions"),
            self.generators(),
            self.variants(),
            self.labels(),
            self.models(),
            self.predictions(),
            self.scores(),
            self.resamples(),
            self.errors(),
            self.attacking(),
            self.contrasts(),
            self._stage("report"),
        ]

    def datasets(self) -> Stage:
        """Fetching, verifying, converting, linking the originals."""
        stage = self._stage("datasets")
        for name, role in self.files:
            if locate(name, self.formats[name], role, self.config.archives).is_relative_to(FETCHED):
                stage.disk += remote_files(self.formats[name])[role].size
        for _, size in self._known(self.splits, lambda split: split):
            stage.disk += costs.ORIGINAL_BYTES * size.images * (size.pixels or costs.USUAL_PIXELS)
        return stage

    def generators(self) -> Stage:
        """Training generators."""
        stage = self._stage("generators")
        for name in self.learned:
            channels = self.config.generator(name).channels
            stage.disk += costs.GENERATOR_BYTES * (channels / costs.NETWORK_CHANNELS) ** 2
        return stage

    def variants(self) -> Stage:
        """Anonymizing, with the dealing out to shards and the composing."""
        stage = self._stage("variants")
        for made, size in self._known(self.made, lambda made: (made.dataset, made.split)):
            images = size.images if size.occupied is None else size.occupied
            pixels = images * (size.pixels or costs.USUAL_PIXELS)
            region, method, level = made.variant.region, made.variant.method, made.variant.level
            edited = _covered(size, region) * costs.GROWN * pixels
            stage.disk += costs.EDIT_BYTES.get(method, costs.TEXTURE_BYTES) * edited + costs.ENTRY_BYTES * size.images
            if self.config.method_plugin(method, level, region) == EXTERNAL:
                shards = self.config.datasets[made.dataset].shards
                stage.temporary = max(stage.temporary, costs.OUTSIDE_BYTES * pixels / shards)
        return stage

    def labels(self) -> Stage:
        """Making labels again, with the models of the originals."""
        stage = self._stage("labels")
        for _, size in self._known(self.remade, lambda run: (run[0], "train")):
            stage.disk += costs.LABEL_BYTES * size.images
        return stage

    def models(self) -> Stage:
        """Fetching the weights to start from, and training."""
        stage = self._stage("models")
        for _, model, _, _ in self.trainings:
            training = costs.training_of(self.config.models[model].config)
            stage.disk += training.checkpoint if training else 0
        return stage

    def predictions(self) -> Stage:
        """Running every model over the validation images."""
        stage = self._stage("predictions")
        for cell, size in self._known(self.cells, lambda cell: (cell.dataset, "val")):
            stage.disk += costs.PREDICTION_BYTES * size.images * len(self.config.models[cell.model].tasks)
        return stage

    def scores(self) -> Stage:
        """Scoring the predictions."""
        stage = self._stage("cells")
        stage.disk = costs.CELL_BYTES * len(self.cells)
        return stage

    def resamples(self) -> Stage:
        """Scoring them on resamples of the validation images."""
        stage = self._stage("resamples")
        resamples = self.config.statistics.resamples
        for job in self.jobs_of("resamples"):
            stage.disk += costs.RESAMPLE_BYTES * resamples * len(self.config.models[job.wildcards["model"]].tasks)
        return stage

    def errors(self) -> Stage:
        """Saying what their predictions do wrong."""
        stage = self._stage("errors")
        stage.disk = costs.ERRORS_BYTES * len(self.jobs_of("errors"))
        return stage

    def attacking(self) -> Stage:
        """Attacking the people of variants."""
        stage = self._stage("attacks")
        for job in self.jobs_of("attacks"):
            with contextlib.suppress(UnknownAmount):  # which the stage names
                stage.disk += costs.ATTACK_BYTES * sum(work.amount for work in self._work_of(job))
        return stage

    def contrasts(self) -> Stage:
        """Finding the images on which they differ from the originals' models."""
        stage = self._stage("contrasts")
        for job in self.jobs_of("contrasts"):
            stage.disk += costs.CONTRAST_BYTES * len(self.config.models[job.wildcards["model"]].tasks)
        return stage

    def _stage(self, name: str) -> Stage:
        """A stage with its jobs and their hours."""
        jobs = self.jobs_of(name)
        stage = Stage(name, jobs=len(jobs))
        for job in jobs:
            works = [Work(startup(job.rule), 1)]
            try:
                works += self._work_of(job)
            except UnknownAmount as unknown:
                stage.unknown.add(str(unknown))
            for work in works:
                unit = find(self._units, work.unit)
                if unit is None:
                    stage.unknown.add(work.unknown)
                elif unit.on == "gpu":
                    stage.gpu_hours += unit.seconds * work.amount / 3600
                else:
                    stage.core_hours += unit.seconds * work.amount / 3600
                if unit and unit.seconds * work.amount:
                    stage.machines.add(unit.machine)
        return stage

    def _known(self, things: Iterable[T], split_of: Callable[[T], tuple[str, str]]) -> Iterator[tuple[T, SplitSize]]:
        """Each thing with the size of its split, where that is known."""
        for thing in things:
            if size := self.sizes[split_of(thing)]:
                yield thing, size
