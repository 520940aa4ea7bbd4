"""Why cells of a study are missing: the first job on the way to each whose outputs do not exist, and its log."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property

from anonbench.common.job_record import record_of_job
from anonbench.config.cells import ORIGINAL, Cell, Variant, anonymized, images_of
from anonbench.config.config import Config
from anonbench.config.draws import with_draw
from anonbench.models.config_files import model_config_weights
from anonbench.report.missing import MissingCell
from anonbench.study.jobs import Job, Study
from anonbench.study.needs import generator_names

LINES = 8  # of a log, at most
TEACHER = "train_model of the originals"
# The rules on the way to a cell, the last ones first. Of one step nothing waits for another.
STEPS = (
    ("score",),
    ("predict",),
    ("train_model",),
    ("relabel",),
    (TEACHER,),
    ("compose_variant", "check_originals", "fetch_weights"),
    ("anonymize_shard",),
    ("deal_regions", "train_generator"),
    ("find_regions",),
    ("convert_split",),
    ("verify_file",),
    ("fetch_file",),
)
_ERROR = re.compile(r"^\d\d:\d\d:\d\d (ERROR|CRITICAL) ")


def missing_cells(config: Config) -> list[MissingCell]:
    """The cells whose file does not exist, in the study's order. Looks at files in the working directory only.

    Parameters
    ----------
    config
        The checked configuration.
    """
    ways = _Ways(Study(config))
    return [ways.missing(cell) for cell in ways.study.cells if not ways.made(Job("score", _cell_wildcards(cell)))]


class _Ways:
    """The jobs on the way to each cell."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._made: dict[str, bool] = {}

    def missing(self, cell: Cell) -> MissingCell:
        """The cell's record: of its missing steps the earliest one that nothing missing stands before."""
        lacking: list[Job] = []
        for rules in STEPS:
            jobs = [job for job in self._needed(cell) if _step(job, cell) in rules]
            gone = [job for job in jobs if not self.made(job)]
            # A trained model still waits for anonymized images to be evaluated on, labels for those to be learned from.
            waits = rules == (TEACHER,) or (rules in (("train_model",), ("relabel",)) and cell.shown != ORIGINAL)
            if jobs and not gone and not waits:
                break
            lacking = gone or lacking
        # Of several, the one that has begun says most.
        job = max(lacking, key=lambda job: (bool(_errors(job)), job.log.is_file()))
        ended, lines = _end(job)
        return MissingCell(
            **asdict(cell),
            rule=job.rule,
            log=str(job.log),
            ended=ended,
            lines=lines,
        )

    def made(self, job: Job) -> bool:
        """Whether all outputs of a job exist."""
        key = str(job.log)
        if key not in self._made:
            self._made[key] = all(path.exists() for path in job.outputs)
        return self._made[key]

    @cached_property
    def _by_dataset(self) -> dict[str, list[Job]]:
        found: dict[str, list[Job]] = {}
        for job in self.study.jobs:
            if "dataset" in job.wildcards and job.rule not in ("relabel", "train_model", "predict", "score"):
                found.setdefault(job.wildcards["dataset"], []).append(job)
        return found

    def _needed(self, cell: Cell) -> Iterator[Job]:
        """Every job on the way to a cell, its generators' people included."""
        config = self.study.config
        wildcards = _cell_wildcards(cell)
        yield Job("score", wildcards)
        yield Job("predict", wildcards)
        training = {key: value for key, value in wildcards.items() if key != "evaluated_on"}
        yield Job("train_model", training)
        if (images := images_of(cell.variant)) != cell.variant:
            yield Job("relabel", training | {"variant": images})
            yield Job("train_model", training | {"variant": ORIGINAL})
        for name in model_config_weights(config.models[cell.model].config):
            yield Job("fetch_weights", {"weights": name})
        splits = {(cell.dataset, split) for split in ("train", "val")}
        regions = set()
        for _, split, name in anonymized([cell]):
            variant = Variant.parse(name)
            regions.add((cell.dataset, split, variant.region))
            parts = cell.dataset, variant.method, variant.level, variant.region, variant.draw
            for generator in generator_names(config, *parts):
                if generator in self.study.learned:
                    yield Job("train_generator", {"generator": generator})
                    splits.update(self.study.learned[generator])
                    regions.update((*learned, variant.region) for learned in self.study.learned[generator])
            made = {"split": split, "region": variant.region, "method": variant.method, "level": variant.level}
            made["draw"] = with_draw("", variant.draw)
            for job in self._by_dataset.get(cell.dataset, []):
                if job.rule in ("deal_regions", "anonymize_shard", "compose_variant"):
                    if all(job.wildcards.get(key, value) == value for key, value in made.items()):
                        yield job
        for dataset in {dataset for dataset, _ in splits}:
            for job in self._by_dataset.get(dataset, []):
                split = (dataset, job.wildcards.get("split", ""))
                if job.rule == "find_regions":
                    if (*split, job.wildcards["region"]) in regions:
                        yield job
                elif job.rule in ("convert_split", "check_originals"):
                    if split in splits:
                        yield job
                elif job.rule in ("fetch_file", "verify_file"):
                    yield job


def _step(job: Job, cell: Cell) -> str:
    """Where a job stands on the way to a cell: the name of its rule, but for the training of who makes labels again."""
    return TEACHER if job.rule == "train_model" and job.wildcards["variant"] != cell.variant else job.rule


def _cell_wildcards(cell: Cell) -> dict[str, str]:
    return {name: str(value) for name, value in asdict(cell).items()}


def _end(job: Job) -> tuple[str, list[str]]:
    """How a job ended, in a few words, and what its log says of it."""
    if not job.log.is_file():
        return "has not run", []
    if errors := _errors(job):
        return "failed", errors
    if record_of_job(job.log).is_file():
        return "has run, but its files are gone", []
    return "was interrupted, or is running", job.log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]


def _errors(job: Job) -> list[str]:
    """The last error of a job's log with what follows it; of a long one, a traceback, its head and its end."""
    try:
        lines = job.log.read_text(encoding="utf-8", errors="replace").rstrip().splitlines()
    except FileNotFoundError:
        return []
    at = [number for number, line in enumerate(lines) if _ERROR.match(line)]
    if not at:
        return []
    error = lines[at[-1] :]
    return error if len(error) <= LINES else [error[0], "…", *error[2 - LINES :]]
