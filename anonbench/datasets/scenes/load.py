"""Splits of rendered scenes as streams of samples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from anonbench.common.errors import UserError
from anonbench.datasets.records import Sample, Split
from anonbench.datasets.scenes.annotate import categories
from anonbench.datasets.scenes.identity import SPLIT_CODES, identity_pool
from anonbench.datasets.scenes.render import render_scene

# PNG bytes a pixel of these pictures, with their noise, measured and rounded up.
_BYTES_A_PIXEL = 2.6
_LARGEST = 4096


def load_scenes(spec: dict[str, Any], split: str) -> Split:
    """The split as a lazy stream of rendered scenes.

    Parameters
    ----------
    spec
        ``splits`` {name: number of images}, ``width`` and ``height`` in px, ``seed``.
    split
        ``train``, ``val`` or ``gan``: no identity appears in two of them.

    Raises
    ------
    UserError
        For a split that scenes do not have or that is not configured, or an impossible size.
    """
    counts, size = spec["splits"], (int(spec["width"]), int(spec["height"]))
    if split not in SPLIT_CODES or split not in counts:
        raise UserError(
            f"The scenes dataset has no split {split!r}.",
            f"Use one of {', '.join(SPLIT_CODES)} and give its number of images under `splits`.",
        )
    if not all(64 <= side <= _LARGEST for side in size):
        raise UserError(
            f"The scenes dataset cannot be drawn at {size[0]}x{size[1]} px.",
            f"Set `width` and `height` between 64 and {_LARGEST}.",
        )
    count, seed = int(counts[split]), int(spec["seed"])
    pool = identity_pool(seed, split)

    def samples() -> Iterator[Sample]:
        for index in range(count):
            image, annotations = render_scene(seed, split, index, size, pool)
            yield Sample(f"scene_{index:05d}.png", image, annotations, declared_size=size)

    return Split(categories(), samples(), count, int(count * size[0] * size[1] * _BYTES_A_PIXEL))
