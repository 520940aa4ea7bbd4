"""The drop of every metric, averaged over seeds, with its interval and a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd

from anonbench.config.cells import ORIGINAL, Cell, Variant
from anonbench.config.statistics import StatisticsConfig
from anonbench.evaluate.replicates import Column, Replicates
from anonbench.report.inference.estimate import Estimate, estimate, estimate_paired
from anonbench.report.inference.sample import Sample
from anonbench.report.inference.seeds import Spread, draw_spread, seed_spread
from anonbench.report.inference.verdict import holm, verdicts
from anonbench.report.tables import read_columns

KEYS = [
    "dataset", "task", "model", "region", "method", "level", "labels", "evaluated_on", "scope", "category", "metric",
]  # fmt: skip
COLUMNS = [
    *KEYS,
    "value", "baseline", "drop", "low", "high", "verdict", "detectable", "lower_bound", "standard_error", "df",
    "seed_sd", "images_error", "seeds", "baseline_seeds", "draws", "images", "p", "p_holm", "p_equivalent",
    "p_equivalent_holm",
]  # fmt: skip
FAMILY = ["dataset", "task", "evaluated_on", "scope", "category", "metric"]
"""Drops that share these are one family, over which verdicts are corrected."""


@dataclass(frozen=True)
class Trained:
    """The models of one variant on one set of images, and the seed of each."""

    variant: Variant
    evaluated_on: str
    seeds: list[int]
    sample: Sample


def drop_table(
    cells: Iterable[Cell],
    read: Callable[[Cell], Replicates],
    statistics: StatisticsConfig,
    is_learned: Callable[[str], bool],
) -> pd.DataFrame:
    """One row for every metric of every variant.

    The columns besides :data:`KEYS`, in fractions of 1: ``value`` and ``baseline``, means over seeds of the variant and
    of the originals; ``drop``, baseline minus value, with the ends of its interval, ``low`` and ``high``, its
    ``standard_error`` and ``df``; ``seed_sd``, the pooled standard deviation over seeds, and ``images_error``, the part
    of the standard error that no seed makes smaller; ``seeds``, ``baseline_seeds``, ``draws`` and ``images``, how many
    there are; ``p`` and ``p_equivalent`` of the two tests, both corrected over the :data:`FAMILY` as ``p_holm`` and
    ``p_equivalent_holm``; the ``verdict`` (:func:`anonbench.report.inference.verdict.verdicts`); ``detectable``, the
    smallest drop that would have been shown; and ``lower_bound``, whether the interval may be too narrow.

    Rows are sorted by their keys. A metric without resamples is left out.

    Parameters
    ----------
    cells
        All cells; those of one dataset and model are read together.
    read
        Gives the replicates of a cell.
    statistics
        Confidence, margin and power.
    is_learned
        Whether a method uses a generator, so that its people are another draw in each draw.

    Raises
    ------
    ValueError
        If a dataset's and model's cells lack the originals.
    """
    rows = [
        part
        for key, group in groupby(sorted(cells, key=lambda cell: (cell.dataset, cell.model)), _trained_together)
        for part in _of_model(key, list(group), read, statistics, is_learned)
    ]
    if not rows:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(rows, ignore_index=True)
    families = table.groupby(FAMILY, sort=False)
    for test in ("p", "p_equivalent"):
        table[f"{test}_holm"] = families[test].transform(lambda p: holm(p.to_numpy()))
    table["verdict"] = verdicts(
        table["drop"].to_numpy(), table.p_holm.to_numpy(), table.p_equivalent_holm.to_numpy(),
        table.lower_bound.to_numpy(), statistics.confidence,
    )  # fmt: skip
    return table[COLUMNS].sort_values(KEYS, kind="stable", ignore_index=True)


def read_drops(path: Path | str) -> pd.DataFrame:
    """The table as :func:`drop_table` gives it, from its CSV file.

    Raises
    ------
    UserError
        If the file is missing or lacks a column.
    """
    numbers = [name for name in COLUMNS if name not in (*KEYS, "verdict", "lower_bound")]
    return read_columns(path, COLUMNS, numbers)


def _trained_together(cell: Cell) -> tuple[str, str]:
    return cell.dataset, cell.model


def _of_model(
    key: tuple[str, str],
    cells: list[Cell],
    read: Callable[[Cell], Replicates],
    statistics: StatisticsConfig,
    is_learned: Callable[[str], bool],
) -> Iterator[pd.DataFrame]:
    """The rows of one dataset and model, but for what all families have to be known for."""
    found = {cell: read(cell) for cell in cells}
    columns = list(dict.fromkeys(column for one in found.values() for column in one.columns))
    trained = list(_samples(found, columns))
    baseline = next((one for one in trained if one.variant.method == ORIGINAL and one.evaluated_on == "original"), None)
    if baseline is None:
        raise ValueError(f"no originals among the cells of {' and '.join(key)}")
    others = [one for one in trained if one is not baseline]
    trained = [one for one in others if one.variant.method != ORIGINAL]
    seeds = seed_spread(baseline.sample, [one.sample for one in trained])
    draws = draw_spread([one.sample for one in trained], seeds)
    images = next(iter(found.values())).units
    for one in others:
        if one.variant.method == ORIGINAL:  # the same models on other images
            result = estimate_paired(*_paired(baseline, one), images)
        else:
            spread = draws if is_learned(one.variant.method) or len(one.sample.by_draw) > 1 else None
            result = estimate(baseline.sample, one.sample, images, seeds, spread)
        yield _rows(key, columns, one, baseline, result, seeds, statistics).assign(images=images)


def _samples(found: dict[Cell, Replicates], columns: list[Column]) -> Iterator[Trained]:
    groups: dict[tuple[Variant, str], list[Cell]] = defaultdict(list)
    for cell in found:
        groups[replace(Variant.parse(cell.variant), draw=0), cell.evaluated_on].append(cell)
    for (variant, evaluated_on), group in groups.items():
        aligned = [_aligned(found[cell], columns) for cell in group]
        draws = np.array([Variant.parse(cell.variant).draw for cell in group], dtype=np.int64)
        points, values = (np.stack(arrays) for arrays in zip(*aligned, strict=True))
        yield Trained(variant, evaluated_on, [cell.seed for cell in group], Sample(points, values, draws))


def _paired(first: Trained, second: Trained) -> tuple[Sample, Sample]:
    """The models that both have, in the same order."""
    shared = sorted(set(first.seeds) & set(second.seeds))
    first_of, second_of = ([one.seeds.index(seed) for seed in shared] for one in (first, second))
    return first.sample.chosen(first_of), second.sample.chosen(second_of)


def _aligned(one: Replicates, columns: list[Column]) -> tuple[np.ndarray, np.ndarray]:
    """A cell's points and values in the order of these columns, NaN where it has none of that name."""
    if one.columns == columns:
        return one.point, one.values
    place = {column: position for position, column in enumerate(one.columns)}
    point, values = np.full(len(columns), np.nan), np.full((len(one.values), len(columns)), np.nan, np.float32)
    for position, column in enumerate(columns):
        if column in place:
            point[position], values[:, position] = one.point[place[column]], one.values[:, place[column]]
    return point, values


def _rows(
    key: tuple[str, str],
    columns: list[Column],
    one: Trained,
    baseline: Trained,
    result: Estimate,
    seeds: Spread,
    statistics: StatisticsConfig,
) -> pd.DataFrame:
    low, high = result.interval(statistics.confidence)
    table = pd.DataFrame(columns, columns=list(Column._fields))
    names = {"dataset": key[0], "model": key[1], "evaluated_on": one.evaluated_on}
    names |= {name: getattr(one.variant, name) for name in ("region", "method", "level", "labels")}
    counts = {
        "seeds": len(one.sample.points),
        "baseline_seeds": len(baseline.sample.points),
        "draws": len(one.sample.by_draw),
    }
    return table.assign(
        **names, **counts,
        value=result.value, baseline=result.baseline, drop=result.drop, low=low, high=high,
        standard_error=result.standard_error, df=result.df, seed_sd=np.sqrt(seeds.variance),
        images_error=result.images_error, lower_bound=result.lower_bound,
        p=result.p_different(), p_equivalent=result.p_equivalent(statistics.margin),
        detectable=result.detectable(statistics.confidence, statistics.power),
    )  # fmt: skip
