"""The main table for papers and for programs: Markdown, LaTeX, CSV and Parquet."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from anonbench.common.files import write_bytes, write_text
from anonbench.config.cells import ORIGINAL, REMADE
from anonbench.evaluate.scopes import ALL, PEOPLE
from anonbench.report import linkability
from anonbench.report.names import GROUP, RELABELLED, VARIANT, of_lead, words

COLUMNS = [
    *GROUP, *VARIANT, "of", "metric", "value", "drop", "low", "high", "verdict", "seeds", "linkability", "attack",
]  # fmt: skip
_KEYS = [*GROUP, *VARIANT, "of", "metric"]
_SPECIAL = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"}
_LED = "AP of people leads where a dataset has other categories beside them; that of all categories follows."
_LINKABLE = "excess linkability"


def main_rows(summary: pd.DataFrame, drops: pd.DataFrame, privacy: pd.DataFrame) -> pd.DataFrame:
    """A row per variant of every dataset, task and model, of its leading metric: the originals first.

    Where a dataset has other categories beside people, the rows are of people, and those of all categories follow them;
    ``of`` says which, ``people`` or ``all``. Values and drops are means over seeds in AP points. ``linkability`` is the
    upper bound of the excess linkability that the worst attacker, ``attack``, reaches, in per cent. What is not known
    is NaN.
    """
    overall = of_lead(summary[summary.evaluated_on == "original"])
    if overall.empty:
        return pd.DataFrame(columns=COLUMNS)
    grouped = overall.groupby([*_KEYS, "leads"], sort=True)
    table = grouped.agg(value=("value", "mean"), seeds=("value", "count")).reset_index()
    judged = of_lead(drops[drops.evaluated_on == "original"])
    table = table.merge(judged[[*_KEYS, "drop", "low", "high", "verdict"]], on=_KEYS, how="left")
    worst = linkability.worst_attacks(privacy).rename(columns={"bound": "linkability"})
    table = table.merge(worst[[*linkability.VARIANT, "linkability", "attack"]], on=linkability.VARIANT, how="left")
    table = table.astype({"linkability": float})
    table[["value", "drop", "low", "high", "linkability"]] *= 100
    table[["verdict", "attack"]] = table[["verdict", "attack"]].fillna("").astype(str)
    order = table.assign(later=~table.leads, variant=table.method != ORIGINAL)
    order = order.sort_values([*GROUP, "later", "variant", *VARIANT], kind="stable").index
    return table.loc[order, COLUMNS].reset_index(drop=True)


def write_table(table: pd.DataFrame, stem: Path | str) -> None:
    """Write the table as ``{stem}.md``, ``.tex``, ``.csv`` and ``.parquet``.

    Parameters
    ----------
    table
        As of :func:`main_rows`.
    stem
        The files' path without suffix.
    """
    write_text(f"{stem}.csv", table.to_csv(index=False, lineterminator="\n"))
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_bytes(f"{stem}.parquet", buffer.getvalue())
    write_text(f"{stem}.md", as_markdown(table))
    write_text(f"{stem}.tex", as_latex(table))


def as_markdown(table: pd.DataFrame) -> str:
    """The table for people; what is of all categories beside people's stands in a table of its own."""
    other, table = _beside_people(table), table.assign(metric=_measures(table))
    if not other.any():
        return _markdown(table)
    return f"{_LED}\n\n{_markdown(table[~other])}\nOf all categories:\n\n{_markdown(table[other])}"


def as_latex(table: pd.DataFrame) -> str:
    """The table in the paper's layout, for the package ``booktabs``: a column per dataset and task, a row per variant.

    Hukkelås and Lindseth, arXiv 2306.05135: rows are methods below their region, the originals first. Where a dataset
    has other categories beside people, a column of all categories follows that of people; a column per attacked dataset
    is the last.
    """
    rows = table.assign(metric=_measures(table), text=[_number(value) for value in table.value])
    rows = pd.concat([rows, *_linkable(rows)], ignore_index=True)
    columns = list(dict.fromkeys(zip(rows.dataset, rows.task, rows.model, rows.metric, strict=True)))
    cells = {tuple(getattr(row, name) for name in (*VARIANT, *GROUP, "metric")): row.text for row in rows.itertuples()}
    several = table.level[table.method != ORIGINAL].nunique() > 1
    variants = sorted(set(zip(*(table[name] for name in VARIANT), strict=True)), key=lambda v: (v[1] != ORIGINAL, v))
    lines = [
        *([f"% {_LED}"] if _beside_people(table).any() else []),
        r"\begin{tabular}{l" + "r" * len(columns) + "}",
        r"\toprule",
        " & ".join(["", *(_tex(dataset) for dataset, *_ in columns)]) + r" \\",
        " & ".join(["", *(_tex(words(task)) for _, task, *_ in columns)]) + r" \\",
        " & ".join(["", *(_tex(metric) for *_, metric in columns)]) + r" \\",
        r"\midrule",
    ]
    last = None
    for region, method, level, labels in variants:
        if method != ORIGINAL and region != last:
            lines += [r"\midrule", rf"\multicolumn{{{len(columns) + 1}}}{{l}}{{\emph{{{_tex(region)}}}}} \\"]
            last = region
        more = [level] * several + [RELABELLED] * (labels == REMADE)
        name = "original" if method == ORIGINAL else words(method) + (f" ({', '.join(more)})" if more else "")
        values = [cells.get((region, method, level, labels, *column), "--").replace("−", "$-$") for column in columns]
        lines.append(" & ".join([_tex(name), *values]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _beside_people(table: pd.DataFrame) -> pd.Series:
    """Which rows are of all categories and stand beside rows of people."""
    people = set(table[table.of == PEOPLE][GROUP].itertuples(index=False, name=None))
    groups = [key in people for key in table[GROUP].itertuples(index=False, name=None)]
    return (table.of == ALL) & pd.Series(groups, index=table.index, dtype=bool)


def _measures(table: pd.DataFrame) -> pd.Series:
    """The metrics with whom they are of, where that is a question."""
    whose = pd.Series("", index=table.index).mask(table.of == PEOPLE, " of people")
    return table.metric + whose.mask(_beside_people(table), " of all")


def _markdown(table: pd.DataFrame) -> str:
    relabelled = REMADE in set(table.labels)
    shown = table[[*GROUP, *(name for name in VARIANT if relabelled or name != "labels"), "metric"]].copy()
    shown["value"] = [_number(value) for value in table.value]
    shown["drop"] = [_drop(row) for row in table.itertuples()]
    shown["verdict"] = table.verdict
    shown["seeds"] = table.seeds
    if table.attack.any():
        shown[f"{_LINKABLE}, at most %"] = [_bound(row) for row in table.itertuples()]
    return shown.to_markdown(index=False, disable_numparse=True) + "\n"


def _linkable(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """A column of every dataset whose variants are attacked."""
    attacked = rows[rows.attack != ""].drop_duplicates(["dataset", *VARIANT])
    for _, found in attacked.groupby("dataset", sort=True):
        bounds = [_bound(row, "") for row in found.itertuples()]
        yield found.assign(task=_LINKABLE, model="", metric="at most, %", text=bounds)


def _bound(row, whose: str = " ({})") -> str:
    if not row.attack:
        return "–"
    if pd.isna(row.linkability):
        return "not known"
    return linkability.at_most(row.linkability / 100) + whose.format(words(row.attack))


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.1f}".replace("-", "−")


def _drop(row) -> str:
    if pd.isna(row.low):
        return _number(row.drop)
    return f"{_number(row.drop)} [{_number(row.low)}, {_number(row.high)}]"


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)
