"""The result matrix in long form, and the table of its main metrics."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from anonbench.common.files import write_text
from anonbench.config.cells import ORIGINAL, Variant
from anonbench.evaluate.cell import CellScores, TaskScores, mean_over
from anonbench.evaluate.records import Values
from anonbench.evaluate.scopes import ALL, CATEGORY, SUPERCATEGORY, families
from anonbench.report.audit import as_markdown

KEYS = ["dataset", "task", "model", "region", "method", "level", "seed", "evaluated_on", "scope", "category", "metric"]
COLUMNS = [*KEYS, "value", "baseline", "drop", "images", "instances"]
# Leading metric, of which drops are shown, -> the metrics of the table. WIDER FACE has no AP over all its settings;
# easy and hard beside AP are CrowdPose's.
MAIN_METRICS = {"AP": ["AP", "AP50", "PCK", "AP_easy", "AP_hard"], "AP_hard": ["AP_hard", "AP_medium", "AP_easy"]}
VARIANT = ["evaluated_on", "region", "method", "level"]
MOST_CATEGORIES = 12


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


def write_summary(
    summary: pd.DataFrame, audits: pd.DataFrame, *, csv: Path | str, markdown: Path | str, audit: Path | str
) -> None:
    """Write the long form and the audits as CSV, and both tables for people as Markdown.

    Parameters
    ----------
    summary
        As of :func:`summarize`.
    audits
        As of :func:`anonbench.report.audit.audit_table`.
    csv, markdown, audit
        The files to write.
    """
    write_text(csv, summary.to_csv(index=False, lineterminator="\n"))
    write_text(audit, audits.to_csv(index=False, lineterminator="\n"))
    hidden = f"### What the variants hide\n\n{as_markdown(audits)}\n" if len(audits) else ""
    write_text(markdown, f"{main_table(summary)}\n{hidden}")


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
            "seed": cell.seed,
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


def main_table(summary: pd.DataFrame) -> str:
    """The main metrics as Markdown tables, in AP points (x 100), mean over seeds.

    There is a table for each dataset, task and model, with a row per variant. From two seeds on, it has the standard
    deviation over them. Where a dataset has several super-categories, a second table gives each one's mean drop: who
    loses. Where it has several categories, but no more than fit a page, a third one gives each one's AP.
    """
    parts = []
    for (dataset, task, model), group in summary.groupby(["dataset", "task", "model"], sort=True):
        name = f"{dataset}, {task.replace('_', ' ')}"
        lead = next((metric for metric in MAIN_METRICS if metric in set(group.metric)), group.metric.iloc[0])
        parts += [f"### {dataset}: {task.replace('_', ' ')} ({model})", "", _variants(group, lead), ""]
        leading = group[group.metric == lead]
        changed = leading[(leading.method != ORIGINAL) | (leading.evaluated_on != "original")]
        families, categories = changed[changed.scope == SUPERCATEGORY], leading[leading.scope == CATEGORY]
        if len(families):
            parts += [f"Drop in {lead} by super-category, {name}:", "", _by_category(families, "drop"), ""]
        if 1 < categories.category.nunique() <= MOST_CATEGORIES:
            parts += [f"{lead} by category, {name}:", "", _by_category(categories, "value"), ""]
    return "\n".join(parts)


def _variants(group: pd.DataFrame, lead: str) -> str:
    shown = MAIN_METRICS.get(lead, [lead])
    overall = group[(group.scope == ALL) & group.metric.isin(shown)]
    grouped = overall.groupby([*VARIANT, "metric"])
    value, drop = (grouped[column].apply(_points).unstack("metric") for column in ("value", "drop"))
    table = pd.DataFrame({m: value[m] for m in shown if m in value})
    table.insert(1, f"drop in {lead}", drop[lead])
    table["seeds"] = overall.groupby(VARIANT).seed.nunique()
    return _markdown(table)


def _by_category(rows: pd.DataFrame, column: str) -> str:
    return _markdown(rows.groupby([*VARIANT, "category"])[column].apply(_points).unstack("category"))


def _markdown(table: pd.DataFrame) -> str:
    """A table indexed by variant as Markdown, the original first; columns that say nothing are left out."""
    table = table.loc[
        sorted(table.index, key=lambda key: (key[VARIANT.index("method")] != ORIGINAL, key))
    ].reset_index()
    original = table.method == ORIGINAL
    table.loc[original, [c for c in table if c in ("region", "level") or c.startswith("drop in ")]] = "–"
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
