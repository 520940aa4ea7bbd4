"""Replicates of hand-made cells, whose values vary a little with the images."""

import numpy as np

from anonbench.config.statistics import StatisticsConfig
from anonbench.evaluate.cell import CellScores
from anonbench.evaluate.replicates import Column, Replicates

STATISTICS = StatisticsConfig(resamples=50)
IMAGES = 400


def replicated(values: dict[Column, float], seed: int = 0, error: float = 0.001) -> Replicates:
    """Metrics that vary with the images, all alike, and a tenth as much with the seed."""
    shared, own = np.random.default_rng(0), np.random.default_rng(seed + 1)
    point = np.array(list(values.values()), dtype=np.float64)
    noise = error * (shared.normal(size=(STATISTICS.resamples, 1)) + 0.1 * own.normal(size=(STATISTICS.resamples, 1)))
    return Replicates(list(values), point, (point + noise).astype(np.float32), IMAGES)


def of_cell(cell: CellScores) -> Replicates:
    """Those of a cell's metrics over all categories."""
    values = {
        Column(task, "all", "all", metric): np.nan if value is None else value
        for task, scores in cell.tasks.items()
        for metric, value in scores.metrics.items()
    }
    return replicated(values, cell.seed)
