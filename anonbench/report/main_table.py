"""The tables for people: main metrics, drops with their intervals and verdicts, and who loses."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from anonbench.common.files import write_text
from anonbench.config.cells import ORIGINAL, REMADE
from anonbench.evaluate.scopes import ALL, CATEGORY, PEOPLE, SUPERCATEGORY, WHO
from anonbench.report.audit import as_markdown
from anonbench.report.linkability import at_most, with_bounds, worst_attacks

# Leading metric, of which drops are shown, -> the metrics of the table. WIDER FACE has no AP over all its settings;
# easy and hard beside AP are CrowdPose's.
MAIN_METRICS = {"AP": ["AP", "AP50", "PCK", "AP_easy", "AP_hard"], "AP_hard": ["AP_hard", "AP_medium", "AP_easy"]}
VARIANT = ["evaluated_on", "region", "method", "level", "labels"]
MOST_CATEGORIES = 12


@dataclass(frozen=True)
class Outputs:
    """The files of the result matrix: CSV of the metrics, the drops, the attacks and the audits, and the page for
    people."""

    csv: Path
    drops: Path
    privacy: Path
    audit: Path
    markdown: Path


def write_summary(
    summary: pd.DataFrame, drops: pd.DataFrame, privacy: pd.DataFrame, audits: pd.DataFrame, out: Outputs
) -> None:
    """Write the long form with risks, drops, attacks and audits as CSV, and the tables for people as Markdown.

    Parameters
    ----------
    summary
        As of :func:`anonbench.report.summary.summarize`.
    drops
        As of :func:`anonbench.report.drops.drop_table`.
    privacy
        As of :func:`anonbench.report.risk.table.privacy_table`.
    audits
        As of :func:`anonbench.report.audit.audit_table`.
    out
        The files to write.
    """
    for path, table in (
        (out.csv, with_bounds(summary, privacy)),
        (out.drops, drops),
        (out.privacy, privacy),
        (out.audit, audits),
    ):
        write_text(path, table.to_csv(index=False, lineterminator="\n"))
    hidden = f"### What the variants hide\n\n{as_markdown(audits)}\n" if len(audits) else ""
    write_text(out.markdown, f"{main_table(summary, drops, privacy)}\n{hidden}")


def lead_of(metrics: Collection[str]) -> str:
    """The metric, among those of a task, of which drops are shown first."""
    return next((metric for metric in MAIN_METRICS if metric in set(metrics)), next(iter(metrics)))


def main_table(summary: pd.DataFrame, drops: pd.DataFrame, privacy: pd.DataFrame) -> str:
    """The main metrics as Markdown tables, in AP points (x 100), mean over seeds and draws.

    There is a table for each dataset, task and model, with a row per variant and images evaluated on: its metrics, with
    the standard deviation over seeds from two on, the drop of the leading one with its interval, and the verdict; and
    the same of people alone, where there are other categories. Where variants are attacked, it also says how far people
    stay linkable: the upper bound of the worst attacker's excess linkability. Where a dataset has several
    super-categories, a further table gives each one's mean drop: who loses. Where it has several categories, but no
    more than fit a page, a last one gives each one's AP.
    """
    parts = []
    worst = worst_attacks(privacy)
    for (dataset, task, model), group in summary.groupby(["dataset", "task", "model"], sort=True):
        name = f"{dataset}, {task.replace('_', ' ')}"
        lead = lead_of(group.metric[group.scope == ALL])
        own = drops[(drops.dataset == dataset) & (drops.task == task) & (drops.model == model)]
        own = own[own.metric == lead]
        parts += [f"### {dataset}: {task.replace('_', ' ')} ({model})", ""]
        linkable = _linkable(worst[worst.dataset == dataset])
        parts += [_variants(group[group.scope == ALL], lead, own[own.scope == ALL], linkable), ""]
        people, of_people = (one[(one.scope == WHO) & (one.category == PEOPLE)] for one in (group, own))
        if len(people):
            parts += [f"Of people alone, {name}:", "", _variants(people, lead, of_people, linkable), ""]
        leading = group[group.metric == lead]
        changed = leading[(leading.method != ORIGINAL) | (leading.evaluated_on != "original")]
        families, categories = changed[changed.scope == SUPERCATEGORY], leading[leading.scope == CATEGORY]
        if len(families):
            parts += [f"Drop in {lead} by super-category, {name}:", "", _by_category(families, "drop"), ""]
        if 1 < categories.category.nunique() <= MOST_CATEGORIES:
            parts += [f"{lead} by category, {name}:", "", _by_category(categories, "value"), ""]
    return "\n".join(parts)


def _linkable(worst: pd.DataFrame) -> dict[tuple[str, ...], str]:
    """How linkable people stay, by region, method and level; empty where nothing is attacked."""
    keys = zip(worst.region, worst.method, worst.level, strict=True)
    texts = ["not known" if math.isnan(bound) else f"≤ {at_most(bound)} %" for bound in worst.bound]
    return dict(zip(keys, texts, strict=True))


def _variants(group: pd.DataFrame, lead: str, drops: pd.DataFrame, linkable: dict[tuple[str, ...], str]) -> str:
    shown = MAIN_METRICS.get(lead, [lead])
    overall = group[group.metric.isin(shown)]
    grouped = overall.groupby([*VARIANT, "metric"])
    value, drop = (grouped[column].apply(_points).unstack("metric") for column in ("value", "drop"))
    table = pd.DataFrame({m: value[m] for m in shown if m in value})
    table.insert(1, f"drop in {lead}", drop[lead])
    if len(drops):
        table.insert(2, "verdict", "–")
        for row in drops.set_index(VARIANT).itertuples():
            ends = f" [{100 * row.low:.1f}, {100 * row.high:.1f}]" if math.isfinite(row.low) else ""
            table.loc[row.Index, f"drop in {lead}"] = f"{100 * row.drop:.1f}{ends}"
            table.loc[row.Index, "verdict"] = row.verdict or ("one seed" if row.lower_bound else "–")
    if linkable:
        table["linkability"] = [linkable.get(key[1:4], "–") for key in table.index]  # whatever the labels
    table["seeds"] = overall.groupby(VARIANT).seed.nunique()
    draws = overall.groupby(VARIANT).draw.nunique()
    if (draws > 1).any():
        table["draws"] = draws
    return _markdown(table)


def _by_category(rows: pd.DataFrame, column: str) -> str:
    return _markdown(rows.groupby([*VARIANT, "category"])[column].apply(_points).unstack("category"))


def _markdown(table: pd.DataFrame) -> str:
    """A table indexed by variant as Markdown, the baseline first; columns that say nothing are left out."""

    def place(key: tuple[str, ...]) -> tuple[Any, ...]:
        named = dict(zip(VARIANT, key, strict=True))
        original = named["method"] == ORIGINAL
        return not original, original and named["evaluated_on"] != ORIGINAL, key

    table = table.loc[sorted(table.index, key=place)].reset_index()
    original = table.method == ORIGINAL
    table.loc[original, ["region", "level", "labels"]] = "–"
    drops = [column for column in table if column.startswith("drop in ")]
    table.loc[original & (table.evaluated_on == ORIGINAL), drops] = "–"
    if table.evaluated_on.nunique() == 1:
        table = table.drop(columns="evaluated_on")
    if REMADE not in set(table.labels):
        table = table.drop(columns="labels")
    return table.to_markdown(index=False, disable_numparse=True)


def _points(values: pd.Series) -> str:
    """Fractions of 1 as AP points: the mean, and the standard deviation over two or more seeds."""
    points = 100 * values.dropna()
    if points.empty:
        return "n/a"
    spread = f" ± {points.std(ddof=1):.1f}" if len(points) > 1 else ""
    return f"{points.mean():.1f}{spread}"
