"""How far people stay linkable: the worst attacker of every variant, and which variants no other one beats."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from anonbench.report.risk.table import COLUMNS

VARIANT = ["dataset", "region", "method", "level"]  # of the study
BOUND = "linkability"
ATTACK = ["attack", "setting", "gallery"]
NUMBERS = ["value", "low", "high", "control", "clear", "chance", "excess", "excess_low", "excess_high"]


def no_privacy() -> pd.DataFrame:
    """The table of a study without attacks."""
    return pd.DataFrame(columns=COLUMNS)


def worst_attacks(privacy: pd.DataFrame) -> pd.DataFrame:
    """One row per variant of a dataset of the study, by :data:`VARIANT`: how linkable the worst attacker leaves people.

    ``bound`` is the largest upper bound of the excess rank-1 linkability over all headlines, that is over attackers,
    settings and draws, in fractions of 1, and NaN where that of any is not known; the columns of :data:`ATTACK` name
    whose it is, and ``attackers`` counts the attackers. ``originals`` is the largest excess on people of whom nothing
    is hidden.
    """
    rows = privacy[privacy.headline.astype(bool)].drop(columns="dataset").rename(columns={"serves": "dataset"})
    rows = rows.assign(clear_excess=excess(rows.clear, rows.control))
    found = []
    for key, attacks in rows.groupby(VARIANT, sort=True):
        bounds = attacks.excess_high.astype(float)
        worst = attacks.loc[bounds.idxmax() if bounds.notna().any() else attacks.index[0]]
        bound = float("nan") if bounds.isna().any() else float(bounds.max())
        found.append([*key, bound, *worst[ATTACK], attacks.attack.nunique()])
    table = pd.DataFrame(found, columns=[*VARIANT, "bound", *ATTACK, "attackers"])
    originals = rows.groupby(VARIANT[:2]).clear_excess.max().rename("originals").reset_index()
    return table.merge(originals, on=VARIANT[:2], how="left")


def with_bounds(summary: pd.DataFrame, privacy: pd.DataFrame) -> pd.DataFrame:
    """The result matrix with :data:`BOUND`, each row's variant's bound; empty where nobody attacked it."""
    worst = worst_attacks(privacy).rename(columns={"bound": BOUND}).astype({BOUND: float})
    return summary.merge(worst[[*VARIANT, BOUND]], on=VARIANT, how="left")


def excess(value: pd.Series, control: pd.Series) -> pd.Series:
    """What values have beyond the control's; NaN where the control leaves nothing to gain."""
    return (value - control) / (1 - control).where(control < 1)


def dominated(costs: Sequence[float] | pd.Series, bounds: Sequence[float] | pd.Series) -> np.ndarray:
    """(N,) bool: whether another costs no more and is linkable no further, and is better in one of them.

    Of what is not known nothing is dominated, and it dominates nothing.
    """
    cost, bound = (np.asarray(values, dtype=np.float64) for values in (costs, bounds))
    no_worse = (cost[:, None] <= cost) & (bound[:, None] <= bound)
    better = (cost[:, None] < cost) | (bound[:, None] < bound)
    return (no_worse & better).any(axis=0)


def at_most(fraction: float) -> str:
    """A bound in per cent or points with one digit, rounded up, and 0 where it is below."""
    return f"{max(0.0, math.ceil(1000 * fraction - 1e-6) / 10):.1f}"


def linkable(bound: float) -> str:
    """A variant's bound in words."""
    return "linkability not known" if pd.isna(bound) else f"at most {at_most(bound)} % excess linkability"
