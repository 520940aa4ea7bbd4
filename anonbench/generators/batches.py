"""The batches that a generator learns from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from torch import Tensor

from anonbench.config.generators import GeneratorConfig
from anonbench.generators.condition import Conditions, conditions
from anonbench.generators.crops import Crops, sample_views
from anonbench.generators.quality import originals

# In training a region grows by up to this fraction of its longer side, so that one generator serves every level.
GROW = 0.0, 0.06


def batches(
    crops: Crops, coarseness: tuple[float, float], config: GeneratorConfig, numbers: range, workers: int = 1
) -> Iterator[tuple[Conditions, Tensor]]:
    """The batches of some steps; threads prepare as many of the next while one is learned from.

    Each depends on the seed and its number only, so that it does not matter where a training was interrupted.

    Parameters
    ----------
    crops
        The people.
    coarseness
        Between which bounds that of outline and pose is drawn.
    config
        Its ``batch`` and ``seed`` count.
    numbers
        Of the steps.
    workers
        Threads.

    Yields
    ------
    tuple
        B conditions; and (B, 3, H, W) float32 in -1..1, the originals, zero where neither known nor to fill.
    """

    def prepare(number: int) -> tuple[Conditions, Tensor]:
        rng = np.random.default_rng([config.seed, 3, number])
        views = sample_views(crops, chosen(len(crops), config, number), GROW, rng)
        given = conditions(views, rng.uniform(*coarseness, len(views)), [rng] * len(views))
        return given, originals(views) * (given.fill + given.known)

    with ThreadPoolExecutor(workers) as pool:
        ahead = deque(pool.submit(prepare, number) for number in numbers[:workers])
        for number in numbers:
            batch = ahead.popleft().result()
            if number + workers < numbers.stop:
                ahead.append(pool.submit(prepare, number + workers))
            yield batch


def chosen(count: int, config: GeneratorConfig, number: int) -> np.ndarray:
    """(B,) the people of a step: each epoch is a permutation; its last, incomplete batch is left out."""
    size = min(config.batch, count)
    epoch, place = divmod(number, max(1, count // config.batch))
    order = np.random.default_rng([config.seed, 4, epoch]).permutation(count)
    return order[place * size : (place + 1) * size]


def step_seed(*parts: int) -> int:
    """A 63-bit seed from several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))
