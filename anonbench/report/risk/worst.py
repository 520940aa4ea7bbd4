"""The worst attacker of every variant: what a variant is judged by."""

from __future__ import annotations

import pandas as pd

BY = ["serves", "region", "method", "level"]
RISK, BOUND = "linkability", "linkability_high"


def worst_attacks(privacy: pd.DataFrame) -> pd.DataFrame:
    """The headline row with the highest upper bound, for each variant of each dataset that is judged.

    The bound holds for the largest of all attackers' risks at the confidence of a single one: to exceed it, the worst
    attacker would have to exceed its own.

    Parameters
    ----------
    privacy
        As of :func:`anonbench.report.risk.table.privacy_table`.
    """
    known = privacy[privacy.headline.astype(bool) & privacy.excess_high.notna()]
    first = known.sort_values([*BY, "excess_high"], ascending=[True] * len(BY) + [False], kind="stable")
    return first.drop_duplicates(BY).reset_index(drop=True)


def with_risk(summary: pd.DataFrame, privacy: pd.DataFrame) -> pd.DataFrame:
    """The result matrix with :data:`RISK` and :data:`BOUND` of each row's variant, empty where nobody attacked it."""
    worst = worst_attacks(privacy).astype({"excess": float, "excess_high": float})
    keys = dict(zip(BY, ["dataset", *BY[1:]], strict=True))
    worst = worst[[*BY, "excess", "excess_high"]].rename(columns=keys | {"excess": RISK, "excess_high": BOUND})
    return summary.merge(worst, on=list(keys.values()), how="left")
