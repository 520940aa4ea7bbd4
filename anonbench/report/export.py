"""The main table for papers and for programs: Markdown, LaTeX, CSV and Parquet."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from anonbench.common.files import write_bytes, write_text
from anonbench.config.cells import ORIGINAL, REMADE
from anonbench.evaluate.scopes import ALL
from anonbench.report.main_table import lead_of
from anonbench.report.names import GROUP, RELABELLED, VARIANT, words

COLUMNS = [*GROUP, *VARIANT, "metric", "value", "drop", "low", "high", "verdict", "seeds"]
_SPECIAL = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}"}


def main_rows(summary: pd.DataFrame, drops: pd.DataFrame) -> pd.DataFrame:
    """A row per variant of every dataset, task and model, of its leading metric: the originals first.

    Values and drops are means over seeds in AP points; what is not known is NaN.
    """
    overall = summary[(summary.scope == ALL) & (summary.evaluated_on == "original")]
    parts = [rows[rows.metric == lead_of(rows.metric)] for _, rows in overall.groupby(GROUP, sort=True)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    key = [*GROUP, *VARIANT, "metric"]
    table = (
        pd.concat(parts).groupby(key, sort=True).agg(value=("value", "mean"), seeds=("value", "count")).reset_index()
    )
    judged = drops[(drops.scope == ALL) & (drops.evaluated_on == "original")]
    table = table.merge(judged[[*key, "drop", "low", "high", "verdict"]], on=key, how="left")
    table[["value", "drop", "low", "high"]] *= 100
    table["verdict"] = table.verdict.fillna("")
    first = (table.method != ORIGINAL).rename("first")
    order = table.assign(first=first).sort_values([*GROUP, "first", *VARIANT], kind="stable").index
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
    """The table for people."""
    relabelled = REMADE in set(table.labels)
    shown = table[[*GROUP, *(name for name in VARIANT if relabelled or name != "labels"), "metric"]].copy()
    shown["value"] = [_number(value) for value in table.value]
    shown["drop"] = [_drop(row) for row in table.itertuples()]
    shown["verdict"] = table.verdict
    shown["seeds"] = table.seeds
    return shown.to_markdown(index=False, disable_numparse=True) + "\n"


def as_latex(table: pd.DataFrame) -> str:
    """The table in the paper's layout, for the package ``booktabs``: a column per dataset and task, a row per variant.

    Hukkelås and Lindseth, arXiv 2306.05135: rows are methods below their region, the originals first.
    """
    columns = list(dict.fromkeys(zip(table.dataset, table.task, table.model, table.metric, strict=True)))
    cells = {
        tuple(getattr(row, name) for name in (*VARIANT, *GROUP, "metric")): _number(row.value)
        for row in table.itertuples()
    }
    several = table.level[table.method != ORIGINAL].nunique() > 1
    variants = sorted(set(zip(*(table[name] for name in VARIANT), strict=True)), key=lambda v: (v[1] != ORIGINAL, v))
    lines = [
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


def _number(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.1f}".replace("-", "−")


def _drop(row) -> str:
    if pd.isna(row.low):
        return _number(row.drop)
    return f"{_number(row.drop)} [{_number(row.low)}, {_number(row.high)}]"


def _tex(text: str) -> str:
    return "".join(_SPECIAL.get(letter, letter) for letter in text)
