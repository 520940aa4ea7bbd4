"""Resamples of a split's images, drawn with replacement."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from anonbench.evaluate.records import Record

log = logging.getLogger(__name__)


def draw(images: Sequence[Record], resamples: int, seed: int) -> np.ndarray:
    """How often each image is in each resample.

    As many images are drawn as there are, each as likely as any other. Where images have a ``group``, whole groups are
    drawn instead, as many as there are: images of one video, say, are alike, and other images would come from other
    videos. An image without one is a group of its own. If all images are of one group, nothing tells how groups differ,
    and images are drawn, with a warning. The result depends on nothing but the arguments, so that what two models score
    on one resample can be compared.

    Parameters
    ----------
    images
        A split's records of images in the common form, in any order.
    resamples
        Their number B.
    seed
        Decides what is drawn.

    Returns
    -------
    numpy.ndarray
        (B, I) uint16, images in ascending order of their ids.
    """
    groups = _groups(sorted(images, key=lambda image: image["id"]))
    count = int(groups.max()) + 1
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamples, len(groups)), dtype=np.uint16)
    for row in drawn:
        row[:] = np.bincount(rng.integers(count, size=count), minlength=count)[groups]
    return drawn


def units(images: Sequence[Record]) -> int:
    """How many images, or groups of images, :func:`draw` draws for each resample."""
    return int(_groups(images).max()) + 1


def _groups(images: Sequence[Record]) -> np.ndarray:
    """(I,) number of every image's group, from 0 in the order of their first images."""
    numbers: dict[tuple, int] = {}
    for image in images:
        numbers.setdefault(_group(image), len(numbers))
    if len(numbers) == 1 < len(images):
        log.warning("All %d images are of one group: single images are drawn, as if they were unalike.", len(images))
        return np.arange(len(images))
    return np.array([numbers[_group(image)] for image in images])


def _group(image: Record) -> tuple:
    return ("group", image["group"]) if "group" in image else ("image", image["id"])
