"""The record of the images on which two models differ most."""

from __future__ import annotations

from anonbench.common.records import Record


class Mask(Record):
    """A mask as pycocotools codes its runs: ``size`` is height and width in px."""

    size: list[int]
    counts: str


class Instance(Record):
    """Something of a category in an image, and where.

    ``place`` is, by the task's kind, a box ``[x, y, w, h]`` in px, a mask, or keypoints ``[x, y, v, …]`` in px, known
    where ``v`` is above 0.
    """

    category: int
    place: Mask | list[float]


class Detection(Instance):
    """What a model finds; ``match`` is the position among the image's instances of the one that it matches, or -1."""

    score: float
    match: int


class ContrastImage(Record):
    """An image with its instances that count, and what either model finds; see :class:`.seen.Seen`."""

    file_name: str
    instances: list[Instance]
    original: list[Detection]
    variant: list[Detection]


class ContrastCategory(Record):
    """A category; ``skeleton`` are pairs of positions of keypoints, from 1 on, between which a line is drawn."""

    id: int
    name: str
    skeleton: list[list[int]] = []


class TaskContrast(Record):
    """The images of a task, those that differ most first; ``kind`` is ``bbox``, ``segmentation`` or ``keypoints``."""

    kind: str
    categories: list[ContrastCategory]
    images: list[ContrastImage]


class CellContrast(Record):
    """The model of a variant and seed against the originals' model of that seed, on the original validation images."""

    dataset: str
    model: str
    variant: str
    seed: int
    tasks: dict[str, TaskContrast]
