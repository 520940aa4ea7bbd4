"""What to do: for a tolerated drop, the variants that stay within it."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from anonbench.report.answer import points
from anonbench.report.findings import Findings
from anonbench.report.linkability import VARIANT, linkable, worst_attacks
from anonbench.report.names import GROUP, group_title, leading, words

_UNKNOWN = " Whom it hides how well is another question, which a small drop does not answer."
_PRIVATE = (
    " Of these, the most private one is that whose worst attacker links people least: the upper bound of its excess"
    " linkability, beyond what the control gives away, is the smallest. That holds for these attackers."
)
TOLERANCES = (0.005, 0.01, 0.02, 0.05)  # drops that one may be willing to pay, fractions of 1


def within(rows: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """The variants whose interval ends within the tolerance, the least drop first.

    An interval of a single seed is too narrow to promise that, and none promises nothing.
    """
    kept = rows[rows.high.le(tolerance) & ~rows.lower_bound]
    return kept.sort_values(["drop", "variant"], ignore_index=True)


def most_private(rows: pd.DataFrame) -> pd.Series | None:
    """The row whose people the worst attacker links least, the smaller drop first of equal ones; None of none known."""
    known = rows[rows.bound.notna()].sort_values(["bound", "drop", "variant"])
    return None if known.empty else known.iloc[0]


def recommendation(findings: Findings) -> str:
    """The recommendation as Markdown: per region and task, for each of :data:`TOLERANCES`."""
    return "\n".join(_lines(findings))


def _lines(findings: Findings) -> Iterator[str]:
    rows = leading(findings.drops).merge(worst_attacks(findings.privacy), on=VARIANT, how="left")
    confidence = f"{findings.claims.confidence:.0%}"
    yield "# Which anonymization costs no more than I tolerate?"
    yield ""
    yield (
        f"A variant is named where the {confidence} interval of its drop ends within the tolerated drop: at least"
        " that sure is it not to cost more, on these validation images and for trainings such as these."
        + (_PRIVATE if len(findings.privacy) else _UNKNOWN)
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
    private = ""
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
        best = most_private(kept)
        if best is not None and best.variant != private:
            private = best.variant
            yield f"  - Most private of these: {private} ({linkable(best.bound)}, by {_attacker(best)})."
    rest = rows[~rows.variant.isin(named)]
    if len(rest):
        lowest = rest.loc[rest.high.idxmin()] if rest.high.notna().any() else rest.iloc[0]
        yield f"- More than that, or not known to be less: {len(rest)}, the closest {_evidence(lowest, metric)}."


def _evidence(row: pd.Series, metric: str) -> str:
    told = [f"drop in {metric} {points(row['drop'])}"]
    if pd.notna(row.low):
        told += [f"{points(row.low)} to {points(row.high)}", f"{row.seeds:.0f} seed" + "s" * (row.seeds != 1)]
    private = "" if pd.isna(row.attackers) else f"; {linkable(row.bound)}"
    return f"{row.variant} ({', '.join(told)}{private})"


def _attacker(row: pd.Series) -> str:
    setting = "" if row.setting == "all" else f", {words(row.setting)}"
    return f"the attack {words(row.attack)}{setting}, in a gallery of {row.gallery:.0f}"
