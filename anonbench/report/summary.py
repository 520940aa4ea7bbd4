"""The result matrix in long form: one row per metric of every cell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from anonbench.config.cells import ORIGINAL, Variant
from anonbench.evaluate.cell import CellScores, TaskScores, mean_over
from anonbench.evaluate.records import Values
from anonbench.evaluate.scopes import ALL, CATEGORY, SUPERCATEGORY, families

KEYS = [
    "dataset",
    "task",
    "model",
    "region",
    "method",
    "level",
    "labels",
    "seed",
    "draw",
    "evaluated_on",
    "scope",
    "category",
    "metric",
]
COLUMNS = [*KEYS, "value", "baseline", "drop", "images", "instances"]


def summarize(cells: Iterable[CellScores]) -> pd.DataFrame:
    """One row for every metric of every task, super-category and category of every cell.

    ``baseline`` is the same metric of the model of the same seed that was trained on the originals and evaluated on the
    originals; ``drop`` is baseline minus value, in fractions of 1 and negative when anonymized training wins. A metric
    that is undefined (no instance of that size or category) is empty. ``scope`` says what ``category`` names: a
    category, a super-category, a stratum such as the ``height_px`` of people, or ``all``. A super-category's metrics
    are the mean over those of its categories that define them; where there is only one, or one for every category, they
    say nothing new and are left out. Rows are sorted by their keys, so the same cells give the same bytes.

    Parameters
    ----------
    cells
        As :func:`anonbench.evaluate.cell.read_cell` reads them.

    Raises
    ------
    ValueError
        If a cell's baseline is not among the cells.
    """
    table = pd.DataFrame(
        [row for cell in cells for row in _rows(cell)], columns=[*KEYS, "value", "images", "instances"]
    )
    match = ["dataset", "task", "model", "seed", "scope", "category", "metric"]
    originals = table[(table.method == ORIGINAL) & (table.evaluated_on == "original")]
    baseline = originals[[*match, "value"]].rename(columns={"value": "baseline"})
    table = table.merge(baseline, on=match, how="left", validate="many_to_one", indicator=True)
    orphans = table.loc[table["_merge"] == "left_only", match[:4]].drop_duplicates()
    if len(orphans):
        raise ValueError(f"no baseline for {orphans.to_dict('records')}")
    table["drop"] = table.baseline - table.value
    return table[COLUMNS].sort_values(KEYS, kind="stable", ignore_index=True)


def _rows(cell: CellScores) -> Iterable[dict[str, Any]]:
    variant = Variant.parse(cell.variant)
    for task, result in cell.tasks.items():
        shared = {
            "dataset": cell.dataset,
            "task": task,
            "model": cell.model,
            "region": variant.region,
            "method": variant.method,
            "level": variant.level,
            "labels": variant.labels,
            "seed": cell.seed,
            "draw": variant.draw,
            "evaluated_on": cell.evaluated_on,
            "images": cell.images,
        }
        for scope, category, metrics, instances in _scopes(result):
            for metric, value in metrics.items():
                row = {"scope": scope, "category": category, "metric": metric, "value": value, "instances": instances}
                yield {**shared, **row}


def _scopes(result: TaskScores) -> Iterable[tuple[str, str, Values, int]]:
    """Scope, category, metrics and instances: of all, of each super-category, of each category and of each stratum."""
    yield ALL, ALL, result.metrics, result.instances
    for category, scores in result.categories.items():
        yield CATEGORY, category, scores.metrics, scores.instances
    supercategories = {category: scores.supercategory for category, scores in result.categories.items()}
    for family, names in families(supercategories).items():
        mean = mean_over([result.categories[name] for name in names])
        yield SUPERCATEGORY, family, mean.metrics, mean.instances
    for scope, strata in result.strata.items():
        for name, stratum in strata.items():
            yield scope, name, stratum.metrics, stratum.instances
