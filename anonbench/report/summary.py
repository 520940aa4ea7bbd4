"""The result matrix in long form, and the table of its main metrics."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from anonbench.matrix import ORIGINAL, Variant

KEYS = ["dataset", "task", "model", "region", "method", "level", "seed", "evaluated_on", "category", "metric"]
COLUMNS = [*KEYS, "value", "baseline", "drop", "images", "instances"]
ALL = "all"  # the category of a metric that is taken over all categories
MAIN_METRICS = ["AP", "AP50", "PCK"]
VARIANT = ["evaluated_on", "region", "method", "level"]
MOST_CATEGORIES = 12


def summarize(cells: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """One row for every metric of every task and category of every cell.

    ``baseline`` is the same metric of the model of the same seed that was trained on the originals and evaluated on the
    originals; ``drop`` is baseline minus value, in fractions of 1 and negative when anonymized training wins. A metric
    that is undefined (no instance of that size or category) is empty. Rows are sorted by their keys, so the same cells
    give the same bytes.

    Parameters
    ----------
    cells
        Records of ``results/cells/**.json`` (:func:`anonbench.evaluate.cell.cell`).

    Raises
    ------
    ValueError
        If a cell's baseline is not among the cells.
    """
    table = pd.DataFrame(
        [row for cell in cells for row in _rows(cell)], columns=[*KEYS, "value", "images", "instances"]
    )
    match = ["dataset", "task", "model", "seed", "category", "metric"]
    originals = table[(table.method == ORIGINAL) & (table.evaluated_on == "original")]
    baseline = originals[[*match, "value"]].rename(columns={"value": "baseline"})
    table = table.merge(baseline, on=match, how="left", validate="many_to_one", indicator=True)
    orphans = table.loc[table["_merge"] == "left_only", match[:4]].drop_duplicates()
    if len(orphans):
        raise ValueError(f"no baseline for {orphans.to_dict('records')}")
    table["drop"] = table.baseline - table.value
    return table[COLUMNS].sort_values(KEYS, kind="stable", ignore_index=True)


def _rows(cell: dict[str, Any]) -> Iterable[dict[str, Any]]:
    variant = Variant.parse(cell["variant"])
    for task, result in cell["tasks"].items():
        shared = {
            "dataset": cell["dataset"],
            "task": task,
            "model": cell["model"],
            "region": variant.region,
            "method": variant.method,
            "level": variant.level,
            "seed": cell["seed"],
            "evaluated_on": cell["evaluated_on"],
            "images": cell["images"],
        }
        for metric, value in result["metrics"].items():
            yield {**shared, "category": ALL, "metric": metric, "value": value, "instances": result["instances"]}
        for category, metrics in result["categories"].items():
            instances = metrics["instances"]
            for metric, value in metrics.items():
                if metric != "instances":
                    yield {**shared, "category": category, "metric": metric, "value": value, "instances": instances}


def main_table(summary: pd.DataFrame) -> str:
    """The main metrics as Markdown tables, in AP points (x 100), mean over seeds.

    There is a table for each dataset, task and model, with a row per variant. A standard deviation over seeds is given
    from two seeds on. Where a dataset has several categories, but no more
    than fit a page, a second table gives each one's AP.
    """
    parts = []
    for (dataset, task, model), group in summary.groupby(["dataset", "task", "model"], sort=True):
        parts += [f"### {dataset}: {task.replace('_', ' ')} ({model})", "", _variants(group), ""]
        if 1 < group.category.nunique() - 1 <= MOST_CATEGORIES:
            parts += [f"AP by category, {dataset}, {task.replace('_', ' ')}:", "", _categories(group), ""]
    return "\n".join(parts)


def _variants(group: pd.DataFrame) -> str:
    overall = group[(group.category == ALL) & group.metric.isin(MAIN_METRICS)]
    grouped = overall.groupby([*VARIANT, "metric"])
    value, drop = (grouped[column].apply(_points).unstack("metric") for column in ("value", "drop"))
    table = pd.DataFrame({m: value[m] for m in MAIN_METRICS if m in value})
    table.insert(1, "drop in AP", drop["AP"])
    table["seeds"] = overall.groupby(VARIANT).seed.nunique()
    return _markdown(table)


def _categories(group: pd.DataFrame) -> str:
    each = group[(group.category != ALL) & (group.metric == "AP")]
    return _markdown(each.groupby([*VARIANT, "category"]).value.apply(_points).unstack("category"))


def _markdown(table: pd.DataFrame) -> str:
    """A table indexed by variant as Markdown, the original first; columns that say nothing are left out."""
    table = table.loc[
        sorted(table.index, key=lambda key: (key[VARIANT.index("method")] != ORIGINAL, key))
    ].reset_index()
    original = table.method == ORIGINAL
    table.loc[original, [c for c in ("region", "level", "drop in AP") if c in table]] = "–"
    if table.evaluated_on.nunique() == 1:
        table = table.drop(columns="evaluated_on")
    return table.to_markdown(index=False, disable_numparse=True)


def _points(values: pd.Series) -> str:
    """Fractions of 1 as AP points: the mean, and the standard deviation over two or more seeds."""
    points = 100 * values.dropna()
    if points.empty:
        return "n/a"
    spread = f" ± {points.std(ddof=1):.1f}" if len(points) > 1 else ""
    return f"{points.mean():.1f}{spread}"
