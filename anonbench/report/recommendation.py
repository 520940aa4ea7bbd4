"""What to do: for a tolerated drop, the variants that stay within it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from anonbench.report.answer import points
from anonbench.report.findings import Findings
from anonbench.report.names import GROUP, group_title, leading

TOLERANCES = (0.005, 0.01, 0.02, 0.05)  # drops that one may be willing to pay, fractions of 1


def within(rows: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """The variants whose interval ends within the tolerance, the least drop first.

    An interval of a single seed is too narrow to promise that, and none promises nothing.
    """
    kept = rows[rows.high.le(tolerance) & ~rows.lower_bound]
    return kept.sort_values(["drop", "variant"], ignore_index=True)


def recommendation(findings: Findings) -> str:
    """The recommendation as Markdown: per region and task, for each of :data:`TOLERANCES`."""
    return "\n".join(_lines(findings))


def _lines(findings: Findings) -> Iterator[str]:
    rows = leading(findings.drops)
    confidence = f"{findings.claims.confidence:.0%}"
    yield "# Which anonymization costs no more than I tolerate?"
    yield ""
    yield (
        f"A variant is named where the {confidence} interval of its drop ends within the tolerated drop: at least"
        " that sure is it not to cost more, on these validation images and for trainings such as these. Whom it hides"
        " how well is another question, which a small drop does not answer."
    )
    yield ""
    if findings.missing:
        count = len(findings.missing)
        lacking = "One cell is" if count == 1 else f"{count} cells are"
        yield f"{lacking} missing, so that a variant may be missing below."
        yield ""
    groups = rows[GROUP].drop_duplicates()
    for region, of_region in rows.groupby("region", sort=True):
        yield f"## {region.capitalize()}"
        yield ""
        for key, found in of_region.groupby(GROUP, sort=True):
            yield f"### {group_title(*key, groups)}"
            yield ""
            yield from _group(found)
            yield ""
    if rows.empty:
        yield "No variant has been evaluated yet."
        yield ""


def _group(rows: pd.DataFrame) -> Iterator[str]:
    metric = rows.measure.iloc[0]
    if rows.lower_bound.all() or rows.high.isna().all():
        least = rows.loc[rows["drop"].idxmin()] if rows["drop"].notna().any() else None
        yield "One seed is not enough to recommend anything." + (
            f" The mean drop is least with {_evidence(least, metric)}." if least is not None else ""
        )
        return
    named: set[str] = set()
    for tolerance in TOLERANCES:
        kept = within(rows, tolerance)
        new = kept[~kept.variant.isin(named)]
        named |= set(new.variant)
        within_text = f"**{100 * tolerance:g} points**"
        if kept.empty:
            yield f"- {within_text}: none of {len(rows)} variants."
        elif new.empty:
            yield f"- {within_text}: no further variant."
        else:
            also = " also" if len(kept) > len(new) else ""
            yield f"- {within_text}:{also} {'; '.join(_evidence(row, metric) for _, row in new.iterrows())}."
    rest = rows[~rows.variant.isin(named)]
    if len(rest):
        lowest = rest.loc[rest.high.idxmin()] if rest.high.notna().any() else rest.iloc[0]
        yield f"- More than that, or not known to be less: {len(rest)}, the closest {_evidence(lowest, metric)}."


def _evidence(row: pd.Series, metric: str) -> str:
    if pd.isna(row.low):
        return f"{row.variant} (drop in {metric} {points(row['drop'])})"
    interval = f"{points(row.low)} to {points(row.high)}"
    seeds = f"{row.seeds:.0f} seed" + "s" * (row.seeds != 1)
    return f"{row.variant} (drop in {metric} {points(row['drop'])}, {interval}, {seeds})"
