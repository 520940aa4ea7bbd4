"""What the jobs of each rule ask a scheduler for, from the unit costs in :mod:`anonbench.study.costs`.

Unit costs are of one machine, so that a time limit is several times the estimate, with a floor. A job that ends for
want of time or memory is tried again with more of both; trainings go on where they were.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from anonbench.config.config import Config
from anonbench.config.privacy import Attacked
from anonbench.datasets.format import Format, SplitSize, format_of
from anonbench.datasets.locate import remote_files
from anonbench.models.config_files import model_config_epochs
from anonbench.study import costs
from anonbench.study.needs import generator_names, inspected, learned_splits, looked_at

# Minutes for whatever a job does besides its work, and by how much a time limit exceeds the work.
LEAST_MINUTES, MARGIN = 15, 3
# How many cores do in a second what one GPU does; fewer than were measured, so that limits hold on slower GPUs.
CORES_OF_A_GPU = 100
# What is taken for a split that nobody knows before it is fetched, and the people of an image where nobody counted.
UNKNOWN_SPLIT, PEOPLE_PER_IMAGE = 20_000, 2.5
# ... and for a model that nobody measured, or whose config does not count in epochs.
UNKNOWN_MODEL, UNKNOWN_EPOCHS = "mask-rcnn_r50_fpn", 24

# MB of a job that computes with NumPy, Snakemake's processes included, and of one with torch; what CUDA adds in host
# memory, and what the processes that load the data of a GPU-sized model add.
PLAIN, TORCH, CUDA, LOADERS = 1000, 2000, 3000, 2500
# MB an image: of the lists of a split, of annotations as Python objects, of predictions beside them, and of
# pycocotools' matches.
LISTED, ANNOTATED, PREDICTED, MATCHED = 0.01, 0.05, 0.2, 0.6
# MB an image and resample: how often it is drawn.
DRAWN = 12e-6
# MB a person who is attacked: pictures and embeddings.
ATTACKED_PEOPLE = 0.5
# MB of the job that draws the report, and bytes of what it writes.
REPORT, REPORT_BYTES = 2000, 4e8
# MB of a process that anonymizes, with the images that it holds.
ANONYMIZER = 200
# Bytes a pixel of a person that a generator learns from: its image and three masks, with the spare around them.
LEARNED_BYTES = 8
# Bytes a second of a download, and of reading a file from a disk.
DOWNLOAD, READ = 2e6, 5e7

# An anonymizing job has a CPU for so many seconds of its work, up to so many: a small one would wait for CPUs.
SECONDS_PER_CPU, MOST_CPUS = 60, 8


@dataclass(frozen=True)
class Need:
    """What a job needs when it is tried first.

    Parameters
    ----------
    seconds
        The work on its CPUs and GPUs.
    memory
        Peak of host memory in MB.
    disk
        What it writes, in bytes.
    gpus
        Number of GPUs.
    """

    seconds: float = 0
    memory: float = PLAIN
    disk: float = 0
    gpus: int = 0


class Estimates:
    """The resources of every rule of the workflow for one configuration.

    Each rule has a method of its name that takes the rule's wildcards and estimates one job.

    Parameters
    ----------
    config
        The checked configuration.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.runtime = config.runtime
        self.gpus = 0 if self.runtime.device == "cpu" else 1
        # Thousands of jobs ask for the same few.
        self._format: Callable[[str], Format] = cache(lambda dataset: format_of(config.datasets[dataset]))
        self._size: Callable[[str, str], SplitSize] = cache(
            lambda dataset, split: self._format(dataset).size(split) or SplitSize(UNKNOWN_SPLIT)
        )
        self._whole: Callable[[str, str], SplitSize] = cache(
            lambda dataset, split: self._format(dataset).whole_size(split) or SplitSize(UNKNOWN_SPLIT)
        )
        self._cost = cache(lambda name: costs.training_of(name) or costs.TRAININGS[UNKNOWN_MODEL])
        self._epochs = cache(model_config_epochs)

    def threads(self, rule: str) -> int | Callable[[Any], int]:
        """The CPUs of each of a rule's jobs, or a function of its wildcards."""
        if rule == "anonymize_shard":
            return self._anonymizers
        if rule == "train_model":
            return self.runtime.threads * self.runtime.gpus
        alone = ("train_generator", "relabel", "predict", "resample", "attack")
        return self.runtime.threads if rule in alone else 1

    def resources(self, rule: str) -> dict[str, Callable[..., int]]:
        """The resources of a rule's jobs by name, functions of ``wildcards`` and ``attempt``.

        ``mem_mb`` and ``disk_mb`` in MB and ``runtime`` in minutes grow with the attempt; ``gpu`` is a number of GPUs.

        Raises
        ------
        AttributeError
            If nothing is known of the rule.
        """
        need: Callable[[Any], Need] = getattr(self, rule)
        return {
            "mem_mb": lambda wildcards, attempt: math.ceil(need(wildcards).memory) * attempt,
            "runtime": lambda wildcards, attempt: _minutes(need(wildcards).seconds) * attempt,
            "disk_mb": lambda wildcards, attempt: max(1, math.ceil(need(wildcards).disk / 1e6)) * attempt,
            "gpu": lambda wildcards: need(wildcards).gpus,
        }

    # datasets

    def fetch_file(self, w: Any) -> Need:
        size = self._file_size(w)
        return Need(size / DOWNLOAD, disk=size)

    def verify_file(self, w: Any) -> Need:
        return Need(self._file_size(w) / READ)

    def convert_split(self, w: Any) -> Need:
        size = self._size(w.dataset, w.split)
        whole = self._whole(w.dataset, w.split)  # what is not taken of it is listed all the same
        pixels = _pixels(size)
        seconds = costs.RENDER * size.images if self._format(w.dataset).RENDERED else costs.CONVERT * pixels / 1e6
        return Need(seconds, PLAIN + LISTED * whole.images, costs.ORIGINAL_BYTES * pixels)

    # regions

    def find_regions(self, w: Any) -> Need:
        size = self._size(w.dataset, w.split)
        seconds = costs.FACE_SEARCH * _pixels(size) / 1e6 if w.region == "face" else costs.BODY_OUTLINE * _people(size)
        return Need(seconds, TORCH + ANNOTATED * size.images)

    # generators

    def train_generator(self, w: Any) -> Need:
        generator = self.config.generator(w.generator)
        people = sum(min(_people(self._size(*split)), generator.max_people) for split in learned_splits(generator))
        seconds = self._network(w.generator, costs.GENERATOR * people * generator.epochs)
        learned = LEARNED_BYTES * people * generator.width * generator.height / 1e6
        disk = costs.GENERATOR_BYTES * (generator.channels / costs.NETWORK_CHANNELS) ** 2
        return Need(seconds, self._torch() + learned, disk, self.gpus)

    # variants

    def check_originals(self, w: Any) -> Need:
        size = self._size(w.dataset, w.split)
        return Need(costs.ORIGINAL_BYTES * _pixels(size) / READ, PLAIN + LISTED * size.images)

    def deal_regions(self, w: Any) -> Need:
        return self._listing(w)

    def compose_variant(self, w: Any) -> Need:
        return self._listing(w)

    def anonymize_shard(self, w: Any) -> Need:
        size, shards = self._size(w.dataset, w.split), int(w.shards)
        memory, disk = PLAIN + LISTED * size.images / shards, costs.TEXTURE_BYTES * _pixels(size) / shards
        generators = generator_names(self.config, w.dataset, w.method, w.level, w.region)
        if generators:
            people = _people(size) / shards / len(generators)
            seconds = sum(self._network(name, costs.SYNTHESIZE * people) for name in generators)
            return Need(seconds, memory + self._torch(), disk, self.gpus)
        workers = self._anonymizers(w)
        return Need(self._anonymizing(w) / workers, memory + ANONYMIZER * workers, disk)

    def export_variant(self, w: Any) -> Need:
        size = self._size(w.dataset, w.split)
        pixels = _pixels(size)
        return Need(2 * costs.CONVERT * pixels / 1e6, PLAIN + LISTED * size.images, costs.ORIGINAL_BYTES * pixels)

    # labels

    def relabel(self, w: Any) -> Need:
        images, found = self._size(w.dataset, "train").images, self._predicting(w, "train")
        return replace(found, memory=found.memory + ANNOTATED * images, disk=costs.LABEL_BYTES * images)

    # models

    def fetch_weights(self, w: Any) -> Need:
        return Need(memory=TORCH)

    def train_model(self, w: Any) -> Need:
        model = self.config.models[w.model]
        epochs = self._epochs(model.config) or UNKNOWN_EPOCHS
        gpus = self.gpus * self.runtime.gpus
        seconds = epochs * self._pass(w.dataset, "train", w.model) / max(1, gpus)
        memory = self._torch() * self.runtime.gpus + self._loaders(model.config)
        memory += ANNOTATED * self._size(w.dataset, "train").images
        return Need(seconds, memory, 3 * self._cost(model.config).checkpoint, gpus)

    # predictions

    def predict(self, w: Any) -> Need:
        return self._predicting(w, "val")

    # cells

    def score(self, w: Any) -> Need:
        return Need(memory=PLAIN + MATCHED * self._size(w.dataset, "val").images, disk=costs.CELL_BYTES)

    # resamples

    def resample(self, w: Any) -> Need:
        images, resamples = self._size(w.dataset, "val").images, self.config.statistics.resamples
        seconds = costs.RESAMPLE * images * (1 + resamples / 1000)
        memory = PLAIN + MATCHED * images + DRAWN * images * resamples
        return Need(seconds, memory, costs.RESAMPLE_BYTES * resamples * len(self.config.models[w.model].tasks))

    # errors

    def diagnose(self, w: Any) -> Need:
        return Need(memory=PLAIN + MATCHED * self._size(w.dataset, "val").images, disk=costs.ERRORS_BYTES)

    # attacks

    def attack(self, w: Any) -> Need:
        people = sum(_people(self._size(w.dataset, split)) for split in ("train", "val"))
        plugin = self.config.attacks[w.attack].attack
        speed = costs.ATTACK.get(plugin, max(costs.ATTACK.values()))
        memory = self._torch() + ATTACKED_PEOPLE * people
        for generator in inspected(self.config, Attacked(w.dataset, w.attacked, w.attack)):
            found = sum(min(_people(self._size(*split)), generator.max_people) for split in looked_at(generator))
            memory += LEARNED_BYTES * found * generator.width * generator.height / 1e6
            people += found
        return Need(speed * people, memory, costs.ATTACK_BYTES * people, self.gpus)

    # contrasts

    def contrast(self, w: Any) -> Need:
        images, tasks = self._size(w.dataset, "val").images, len(self.config.models[w.model].tasks)
        memory = PLAIN + (MATCHED + PREDICTED) * images
        return Need(costs.CONTRAST * images * tasks, memory, costs.CONTRAST_BYTES * tasks)

    # report

    def summarize(self, w: Any) -> Need:
        return Need()

    def report(self, w: Any) -> Need:
        return Need(memory=REPORT, disk=REPORT_BYTES)

    def certificate(self, w: Any) -> Need:
        return Need()

    def _predicting(self, w: Any, split: str) -> Need:
        """A job that runs a model on a split."""
        model, images = self.config.models[w.model], self._size(w.dataset, split).images
        seconds = costs.evaluation_share(model.config) * self._pass(w.dataset, split, w.model)
        memory = self._torch() + self._loaders(model.config) + PREDICTED * images
        return Need(seconds, memory, costs.PREDICTION_BYTES * images * len(model.tasks), self.gpus)

    def _torch(self) -> float:
        return TORCH + CUDA * self.gpus

    def _anonymizing(self, w: Any) -> float:
        """The seconds in which one core anonymizes a shard with a method that learns nothing."""
        speed = costs.ANONYMIZE.get(w.method, max(costs.ANONYMIZE.values()))
        return speed * _pixels(self._size(w.dataset, w.split)) / 1e6 / int(w.shards)

    def _anonymizers(self, w: Any) -> int:
        return max(1, min(MOST_CPUS, math.ceil(self._anonymizing(w) / SECONDS_PER_CPU)))

    def _listing(self, w: Any) -> Need:
        """A job that reads and writes the lists of a split."""
        return Need(memory=PLAIN + LISTED * self._size(w.dataset, w.split).images)

    def _file_size(self, w: Any) -> int:
        return next(
            file.size for file in remote_files(self._format(w.dataset)).values() if file.file_name == w.file_name
        )

    def _network(self, generator: str, seconds: float) -> float:
        """The seconds that the measured generator would take, in proportion to this one's pixels and channels."""
        found = self.config.generator(generator)
        seconds *= found.width * found.height / (costs.NETWORK_WIDTH * costs.NETWORK_HEIGHT)
        seconds *= max(1, found.channels / costs.NETWORK_CHANNELS) ** 2
        return seconds / CORES_OF_A_GPU if self.gpus else seconds

    def _pass(self, dataset: str, split: str, model: str) -> float:
        """The seconds in which a model learns from each image or person of a split once."""
        size, found = self._size(dataset, split), self.config.models[model]
        cost = self._cost(found.config)
        seconds = cost.seconds * (_people(size) if found.tasks == ["pose"] else size.images)
        return seconds * CORES_OF_A_GPU if cost.on == "gpu" and not self.gpus else seconds

    def _loaders(self, config: str) -> float:
        return LOADERS if self._cost(config).on == "gpu" else 0


def _minutes(seconds: float) -> int:
    return LEAST_MINUTES + math.ceil(MARGIN * seconds / 60)


def _pixels(size: SplitSize) -> float:
    return size.images * (size.pixels or costs.USUAL_PIXELS)


def _people(size: SplitSize) -> float:
    return size.images * PEOPLE_PER_IMAGE if size.people is None else size.people
