"""How many seeds a study needs, from the spread that its cells show."""

from __future__ import annotations

import pandas as pd
from tabulate import tabulate

from anonbench.config.statistics import StatisticsConfig
from anonbench.evaluate.scopes import ALL
from anonbench.report.inference.power import MOST_SEEDS, seeds_for
from anonbench.report.inference.seeds import LEAST_SHARE
from anonbench.report.main_table import lead_of

KEYS = ["dataset", "task", "model"]


def seeds_needed(drops: pd.DataFrame, statistics: StatisticsConfig) -> pd.DataFrame:
    """For the leading metric of every dataset, task and model: how many seeds show equivalence within the margin.

    Columns besides :data:`KEYS`: ``metric``; ``seed_sd`` and ``images_error`` as of
    :func:`anonbench.report.drops.drop_table`, the latter of the median variant that keeps at least half of the
    baseline; ``seeds``, of the originals and of each variant, missing where no number is enough. A model that has one
    seed throughout is left out.

    Parameters
    ----------
    drops
        The table of drops.
    statistics
        Margin, confidence and power.
    """
    rows = []
    for key, group in drops[drops.scope == ALL].groupby(KEYS, sort=True):
        lead = lead_of(group.metric)
        near = group[(group.metric == lead) & (group.value >= LEAST_SHARE * group.baseline) & group.seed_sd.notna()]
        if near.empty:
            continue
        sd, error = float(near.seed_sd.iloc[0]), float(near.images_error.median())
        seeds = seeds_for(statistics.margin, sd, error, statistics.confidence, statistics.power)
        rows.append([*key, lead, sd, error, seeds])
    table = pd.DataFrame(rows, columns=[*KEYS, "metric", "seed_sd", "images_error", "seeds"])
    return table.astype({"seeds": "Int64"})


def as_markdown(needed: pd.DataFrame, statistics: StatisticsConfig) -> str:
    """The table for people, in AP points."""
    rows = [
        [*row[:4], f"{100 * row.seed_sd:.2f}", f"{100 * row.images_error:.2f}",
         "no number: more images" if pd.isna(row.seeds) else f"{row.seeds}"]
        for row in needed.itertuples(index=False)
    ]  # fmt: skip
    points = 100 * statistics.margin
    heads = [*KEYS, "metric", "sd over seeds", "error due to images", f"seeds for {points:g} points"]
    return (
        f"Seeds, of the originals and of each variant, that show a drop of 0 to lie within {points:g} points with a"
        f" power of {statistics.power:.0%}, from the spread of the cells in `results/drops.csv` (at most {MOST_SEEDS}"
        " are tried):\n\n" + tabulate(rows, headers=heads, tablefmt="github", disable_numparse=True) + "\n"
    )
