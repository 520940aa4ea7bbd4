"""The file ``results/drops.csv``: one row per metric of every variant, with interval and verdict."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anonbench.common.errors import UserError
from anonbench.report.summary import KEYS as SUMMARY_KEYS

KEYS = [key for key in SUMMARY_KEYS if key != "seed"]
NUMBERS = [
    "value", "baseline", "drop", "low", "high", "standard_error", "df", "seeds", "baseline_seeds", "images", "p",
    "p_holm", "p_equivalent", "detectable",
]  # fmt: skip
COLUMNS = [*KEYS, *NUMBERS, "verdict", "lower_bound"]
COSTS, GAINS, EQUIVALENT, UNDETERMINED = VERDICTS = ("costs", "gains", "equivalent", "undetermined")


def read_drops(path: Path | str) -> pd.DataFrame:
    """The table with :data:`COLUMNS`; fractions of 1, an empty number as NaN. Without a verdict, it is empty.

    Raises
    ------
    UserError
        If the file is missing or lacks a column.
    """
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values={name: [""] for name in NUMBERS})
    except FileNotFoundError:
        raise UserError(f"{path} does not exist.", "Run the workflow again, which makes it.") from None
    lacking = [name for name in COLUMNS if name not in table]
    if lacking:
        raise UserError(f"{path} lacks {', '.join(lacking)}.", "Delete it and run the workflow again.")
    table["lower_bound"] = table.lower_bound.astype(str).str.lower() == "true"
    return table


def plain_drops(summary: pd.DataFrame) -> pd.DataFrame:
    """The mean drop of every variant over its seeds, without interval and verdict.

    Parameters
    ----------
    summary
        As of :func:`anonbench.report.summary.summarize`.
    """
    changed = summary[~((summary.method == "original") & (summary.evaluated_on == "original"))]
    grouped = changed.groupby(KEYS, sort=True, dropna=False)
    table = grouped[["value", "baseline", "drop"]].mean()
    table["seeds"] = grouped.value.count()
    table["baseline_seeds"] = grouped.baseline.count()
    table["images"] = grouped.images.max()
    table = table.reset_index().reindex(columns=COLUMNS)
    table["verdict"], table["lower_bound"] = "", True
    return table
