"""What a study takes before anything starts: cells, jobs, hours and disk by stage, all estimated from unit costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeVar

from tabulate import tabulate

from anonbench.config.cells import ORIGINAL, Variant, expand
from anonbench.config.config import Config
from anonbench.datasets.format import Format, SplitSize, format_of
from anonbench.datasets.locate import FETCHED, locate, needed_roles, remote_files
from anonbench.models.config_files import model_config_weights
from anonbench.study import costs
from anonbench.study.needs import generator_names, trained_generators

T = TypeVar("T")

_PEOPLE = "the number of people of some datasets"


@dataclass
class Stage:
    """One stage of the workflow.

    Parameters
    ----------
    name
        ``datasets``, ``regions``, ``generators``, ``variants``, ``models``, ``predictions``, ``cells`` or ``report``.
    jobs
        Number of jobs, exact.
    core_hours, gpu_hours, disk
        Estimates, disk in bytes, without what ``unknown`` names.
    unknown
        What the estimates leave out because nobody knows it, a phrase each.
    """

    name: str
    jobs: int = 0
    core_hours: float = 0.0
    gpu_hours: float = 0.0
    disk: float = 0.0
    unknown: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Plan:
    """The stages in the order of the workflow, and how many cells and trainings the study has."""

    stages: list[Stage]
    cells: int
    trainings: int


class _Made(NamedTuple):
    """A variant of a split that is anonymized."""

    dataset: str
    split: str
    variant: Variant


def plan(config: Config) -> Plan:
    """Estimate what the whole study takes, as if nothing of it existed.

    Reads of the datasets only what is there before they are fetched: the configuration, official counts, and a user's
    own annotation files.

    Parameters
    ----------
    config
        The checked configuration.
    """
    study = _Study(config)
    stages = [study.datasets(), study.regions(), study.generators(), study.variants(), study.models()]
    return Plan([*stages, study.predictions(), study.scores(), study.report()], len(study.cells), len(study.trainings))


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
        "Jobs are exact. Hours and disk are estimates from the unit costs in `anonbench/study/costs.py` (measured on",
        "one core, published for V100 GPUs), for the whole study: what exists already is not taken off.",
    ]
    missing = [f"- {stage.name}: {what}" for stage in found.stages for what in sorted(stage.unknown)]
    if missing:
        notes += ["`+` means that more comes to it, which nobody knows yet:", "", *missing]
    head = f"{found.cells:,} cells from {found.trainings:,} trainings."
    return "\n".join([head, "", table, "", *notes]) + "\n"


def _total(stages: list[Stage]) -> Stage:
    total = Stage("total")
    for stage in stages:
        for key in ("jobs", "core_hours", "gpu_hours", "disk"):
            setattr(total, key, getattr(total, key) + getattr(stage, key))
        total.unknown |= stage.unknown
    return total


class _Study:
    """The work that a configuration's cells need, each thing once."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.cells = expand(config.study)
        self.trainings = {(cell.dataset, cell.model, cell.variant, cell.seed) for cell in self.cells}
        self.used = {cell.dataset for cell in self.cells}
        self.learned = {
            name: (generator.learns.dataset, generator.learns.split)
            for name, generator in trained_generators(config).items()
        }
        self.splits = {(d, s) for d in self.used for s in ("train", "val")} | set(self.learned.values())
        self.made = {
            _Made(cell.dataset, split, Variant.parse(cell.variant))
            for cell in self.cells
            if cell.variant != ORIGINAL
            for split in ("train", *(["val"] if cell.evaluated_on == "anonymized" else []))
        }

    @cached_property
    def sizes(self) -> dict[tuple[str, str], SplitSize | None]:
        """What is known of every split that is used."""
        return {(dataset, split): self.formats[dataset].size(split) for dataset, split in self.splits}

    @cached_property
    def formats(self) -> dict[str, Format]:
        """The format of every dataset that is used."""
        return {name: format_of(self.config.datasets[name]) for name in {name for name, _ in self.splits}}

    def datasets(self) -> Stage:
        """Fetching, verifying, converting, linking the originals."""
        stage = Stage("datasets", jobs=len(self.splits) + 2 * len(self.used))
        for name in sorted({dataset for dataset, _ in self.splits}):
            source = self.formats[name]
            files = remote_files(source)
            for role in needed_roles(source, [split for dataset, split in sorted(self.splits) if dataset == name]):
                stage.jobs += 1  # to verify it
                place = locate(name, source, role, self.config.archives)
                if place.is_relative_to(FETCHED):
                    stage.jobs += bool(files[role].urls)  # behind a login, a user's own work
                    stage.disk += files[role].size
        for (dataset, _), size in self._known(stage, self.splits, lambda split: split):
            pixels = size.images * (size.pixels or costs.USUAL_PIXELS)
            if self.formats[dataset].RENDERED:
                stage.core_hours += costs.RENDER * size.images / 3600
            else:
                stage.core_hours += costs.CONVERT * pixels / 1e6 / 3600
            stage.disk += costs.ORIGINAL_BYTES * pixels
        return stage

    def regions(self) -> Stage:
        """Finding regions; where nothing tells the faces, as it is taken here, the detector looks for them."""
        asked = {(made.dataset, made.split, made.variant.region) for made in self.made}
        asked |= {(*split, self.config.generators[name].region) for name, split in self.learned.items()}
        stage = Stage("regions", jobs=len(asked))
        for (_, _, region), size in self._known(stage, asked, lambda job: job[:2]):
            if region == "face":
                stage.core_hours += costs.FACE_SEARCH * size.images / 3600
            elif size.people is None:
                stage.unknown.add(_PEOPLE)
            else:
                stage.core_hours += costs.BODY_OUTLINE * size.people / 3600
        return stage

    def generators(self) -> Stage:
        """Training generators."""
        stage = Stage("generators", jobs=len(self.learned))
        for name, size in self._known(stage, self.learned, self.learned.__getitem__):
            generator = self.config.generators[name]
            if size.people is not None:
                samples = min(size.people, generator.max_people) * generator.epochs
                self._add_network(stage, name, costs.GENERATOR * samples)
            else:
                stage.unknown.add(_PEOPLE)
            stage.disk += costs.GENERATOR_BYTES * (generator.channels / costs.NETWORK_CHANNELS) ** 2
        return stage

    def variants(self) -> Stage:
        """Anonymizing, with the dealing out to shards and the composing."""
        shards = {name: self.config.datasets[name].shards for name in self.used}
        dealt = {(m.dataset, m.split, m.variant.region) for m in self.made}
        stage = Stage("variants", jobs=len(self.made) + len(dealt) + sum(shards[made.dataset] for made in self.made))
        for made, size in self._known(stage, self.made, lambda made: (made.dataset, made.split)):
            pixels = (size.images if size.occupied is None else size.occupied) * (size.pixels or costs.USUAL_PIXELS)
            stage.disk += costs.VARIANT_BYTES * pixels
            region, method, level = made.variant.region, made.variant.method, made.variant.level
            generators = generator_names(self.config, made.dataset, method, level, region)
            if generators and size.people is None:
                stage.unknown.add(_PEOPLE)
            elif generators:
                for generator in generators:
                    self._add_network(stage, generator, costs.SYNTHESIZE * size.people / len(generators))
            elif method in costs.ANONYMIZE:
                stage.core_hours += costs.ANONYMIZE[method] * pixels / 1e6 / 3600
            else:
                stage.unknown.add(f"the speed of the method {method}")
        return stage

    def models(self) -> Stage:
        """Fetching the weights to start from, and training."""
        configs = {self.config.models[model].config for _, model, _, _ in self.trainings}
        weights = {name for config in configs for name in model_config_weights(config)}
        stage = Stage("models", jobs=len(self.trainings) + len(weights))
        for (_, model, _, _), size in self._known(stage, self.trainings, lambda t: (t[0], "train")):
            cost = costs.training_of(self.config.models[model].config)
            self._add_passes(stage, model, size, self.epochs[model])
            stage.disk += cost.checkpoint if cost else 0
        return stage

    def predictions(self) -> Stage:
        """Running every model over the validation images."""
        stage = Stage("predictions", jobs=len(self.cells))
        for cell, size in self._known(stage, self.cells, lambda cell: (cell.dataset, "val")):
            self._add_passes(stage, cell.model, size, costs.EVALUATION_SHARE)
            stage.disk += costs.PREDICTION_BYTES * size.images * len(self.config.models[cell.model].tasks)
        return stage

    def scores(self) -> Stage:
        """Scoring the predictions."""
        return Stage("cells", jobs=len(self.cells), disk=costs.CELL_BYTES * len(self.cells))

    def report(self) -> Stage:
        """The table of results."""
        return Stage("report", jobs=1)

    def _add_passes(self, stage: Stage, model: str, size: SplitSize, epochs: float | None) -> None:
        """Add the hours of so many passes over a split."""
        settings = self.config.models[model]
        cost = costs.training_of(settings.config)
        samples = size.people if settings.tasks == ["pose"] else size.images
        if cost is None or epochs is None:
            stage.unknown.add(f"the speed of the model {model}")
        elif samples is None:
            stage.unknown.add(_PEOPLE)
        elif cost.on == "gpu":
            stage.gpu_hours += cost.seconds * samples * epochs / 3600
        else:
            stage.core_hours += cost.seconds * samples * epochs / 3600

    @cached_property
    def epochs(self) -> dict[str, int | None]:
        """The epochs of every model that is trained; None where its config does not count in epochs."""
        # Here because nothing else that Snakemake plans with needs MMEngine.
        from mmengine.config import Config as ModelConfig

        configs = {model: ModelConfig.fromfile(self.config.models[model].config) for _, model, _, _ in self.trainings}
        return {model: read.get("train_cfg", {}).get("max_epochs") for model, read in configs.items()}

    def _add_network(self, stage: Stage, generator: str, seconds: float) -> None:
        """Add the seconds that the measured generator would take, in proportion to this one's pixels."""
        found = self.config.generators[generator]
        if found.channels > costs.NETWORK_CHANNELS:
            stage.unknown.add(f"generators of more than {costs.NETWORK_CHANNELS} channels, of which none was measured")
        else:
            stage.core_hours += seconds * found.width * found.height / costs.NETWORK_PIXELS / 3600

    def _known(
        self, stage: Stage, things: Iterable[T], split_of: Callable[[T], tuple[str, str]]
    ) -> Iterator[tuple[T, SplitSize]]:
        """Each thing with the size of its split; where that is not known, the stage says so."""
        for thing in things:
            dataset, split = split_of(thing)
            size = self.sizes[dataset, split]
            if size is None:
                stage.unknown.add(f"{dataset} {split}, whose size is not known before it is fetched")
            else:
                yield thing, size
