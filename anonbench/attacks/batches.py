"""Pictures in batches of one size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np


def batches(images: np.ndarray, size: int) -> Iterator[tuple[np.ndarray, int]]:
    """Pictures (N, ...) in batches (size, ...), the last one filled up with zeros, and how many of each are real.

    What a network says depends, in its last bits, on the size of the batch. People of one batch would be linked by it.
    """
    for start in range(0, len(images), size):
        some = images[start : start + size]
        yield np.concatenate([some, np.zeros((size - len(some), *some.shape[1:]), some.dtype)]), len(some)
