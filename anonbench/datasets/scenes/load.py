"""Splits of rendered images as streams of samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from anonbench.datasets.records import Sample, Split
from anonbench.datasets.scenes.annotate import categories
from anonbench.datasets.scenes.cast import Cast
from anonbench.datasets.scenes.identity import identity_pool
from anonbench.datasets.scenes.portrait import PortraitView, render_portrait
from anonbench.datasets.scenes.render import render_scene

# PNG bytes per pixel of these pictures, with their noise, measured and rounded up.
_BYTES_PER_PIXEL = 2.6


def load_scenes(split: str, count: int, size: tuple[int, int], seed: int) -> Split:
    """A split as a lazy stream of rendered scenes.

    Parameters
    ----------
    split
        ``train``, ``val`` or ``generator``: no identity appears in two of them.
    count
        The number of images.
    size
        Their (width, height) in px, which does not change what they show.
    seed
        What scenes and identities are drawn from.
    """
    pool = identity_pool(seed, split)
    return _stream("scene", count, size, lambda index: render_scene(seed, split, index, size, pool))


def load_portraits(cast: Cast, count: int, size: tuple[int, int], view: PortraitView) -> Split:
    """A split as a lazy stream of photographs of one person each; otherwise as :func:`load_scenes`."""
    return _stream(view, count, size, lambda index: render_portrait(cast, index, size, view))


def _stream(
    name: str, count: int, size: tuple[int, int], render: Callable[[int], tuple[np.ndarray, list[dict[str, Any]]]]
) -> Split:
    names = [f"{name}_{index:05d}.png" for index in range(count)]

    def read(places: Sequence[int], counts: Counter[str]) -> Iterator[Sample]:
        for place in places:
            image, annotations = render(place)
            yield Sample(names[place], image, annotations, declared_size=size)

    return Split(categories(), names, read, int(count * size[0] * size[1] * _BYTES_PER_PIXEL))
