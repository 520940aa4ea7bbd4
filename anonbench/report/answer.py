"""The answer in words: which methods cost nothing that can be told, and what the others cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from anonbench.config.cells import ORIGINAL
from anonbench.config.statistics import StatisticsConfig
from anonbench.evaluate.scopes import CATEGORY, OTHERS, WHO
from anonbench.report.findings import Findings
from anonbench.report.inference.verdict import COSTS, EQUIVALENT, GAINS, UNDETERMINED
from anonbench.report.names import GROUP, group_title, leading, named
from anonbench.report.noise import with_noise

LEAST = 0.0005  # a drop that is not 0.0 points
NAMED = 3  # variants that a sentence names; of more it says how many


@dataclass(frozen=True)
class Answer:
    """What a study says of one task of one dataset and model.

    Parameters
    ----------
    title
        The task, with dataset and model where it needs them.
    sentences
        In the order of interest.
    rows
        The variants' drops of the leading metric, the smallest first.
    noise
        Within how many AP points models of the originals differ by chance, at the claimed confidence; None of one seed.
    """

    title: str
    sentences: Sequence[str]
    rows: pd.DataFrame
    noise: float | None


def answers(findings: Findings) -> Iterator[Answer]:
    """The answer of every group that has a variant, in the groups' order."""
    rows = with_noise(leading(findings.drops), findings.summary, findings.claims.confidence)
    groups, all_named = rows[GROUP].drop_duplicates(), named(findings.drops)
    for key, found in rows.groupby(GROUP, sort=True):
        found = found.sort_values(["drop", "variant"], ignore_index=True)
        noise = None if pd.isna(found.noise.iloc[0]) else float(100 * found.noise.iloc[0])
        sentences = [*_sentences(found, findings.claims), *_collateral(all_named, found)]
        yield Answer(group_title(*key, groups), sentences, found, noise)


def _sentences(rows: pd.DataFrame, claims: StatisticsConfig) -> Iterator[str]:
    """Rows are sorted by drop."""
    known = rows[rows["drop"].notna()]
    if known.empty:
        yield "No variant has been evaluated together with its baseline yet."
        return
    metric = rows.measure.iloc[0]
    if rows.lower_bound.all():
        most = f" and most with {_amount(known.iloc[-1])}" if len(known) > 1 else ""
        yield f"The {metric} drops {'least ' * bool(most)}with {_amount(known.iloc[0])}{most}."
        intervals = known.low.notna().any()
        yield "One seed a variant: no verdict" + (", and every interval is too narrow." if intervals else ".")
        return
    margin = f"{100 * claims.margin:g} {rows.metric.iloc[0]} point{'s' * (claims.margin != 0.01)}"
    by = {verdict: known[known.verdict == verdict] for verdict in (EQUIVALENT, GAINS, COSTS, UNDETERMINED)}
    if len(by[EQUIVALENT]):
        yield f"Equivalent to no anonymization, within {margin}: {_list(by[EQUIVALENT])}."
    else:
        yield f"No variant is shown to be equivalent to no anonymization within {margin}."
    if len(by[GAINS]):
        yield f"Better than without anonymization: {_list(by[GAINS], amounts=True)}."
    if len(costly := by[COSTS]) == 1:
        yield f"A cost is shown for {_amount(costly.iloc[0])}."
    elif len(costly):
        yield (
            f"A cost is shown for {len(costly)} variants, from {_amount(costly.iloc[0])} to {_amount(costly.iloc[-1])}."
        )
    if len(open_ := by[UNDETERMINED]):
        detectable = open_.detectable.max()
        least = "" if pd.isna(detectable) else f"; a drop of {100 * detectable:.1f} points would have been found"
        yield f"Undetermined: {_list(open_)}{least}."


def _collateral(drops: pd.DataFrame, rows: pd.DataFrame) -> Iterator[str]:
    """What becomes of everything else, where the group's ``rows`` are of people; else which category loses most."""
    first = rows.iloc[0]
    of = (drops[GROUP] == first[GROUP]).all(axis=1) & (drops.metric == first.metric) & drops["drop"].notna()
    found = drops[of & (drops.method != ORIGINAL) & (drops.evaluated_on == "original")]
    others, categories = found[(found.scope == WHO) & (found.category == OTHERS)], found[found.scope == CATEGORY]
    if first.scope == WHO and len(others):
        worst = others.loc[others["drop"].idxmax()]
        if worst["drop"] >= LEAST:
            yield f"All other categories lose at most {points(worst['drop'])} points, with {worst.variant}."
    elif categories.category.nunique() > 1:
        worst = categories.loc[categories["drop"].idxmax()]
        if worst["drop"] >= LEAST:
            loss = points(worst["drop"])
            yield f"The category that loses most is {worst.category}: {loss} points with {worst.variant}."


def _list(rows: pd.DataFrame, amounts: bool = False) -> str:
    names = [_amount(row) if amounts else row.variant for _, row in rows.iterrows()]
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _amount(row: pd.Series) -> str:
    return f"{row.variant} ({points(row['drop'])} points)"


def points(fraction: float, signed: bool = False) -> str:
    """A fraction of 1 as AP points, with a true minus sign."""
    if pd.isna(fraction):
        return "–"
    text = f"{100 * fraction:{'+' if signed else ''}.1f}"
    return ("0.0" if float(text) == 0 else text).replace("-", "−")
