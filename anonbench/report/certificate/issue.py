"""Puts a certificate together from the tables of a study."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from anonbench.attacks.record import AttackResult
from anonbench.config.cells import KEPT
from anonbench.report.certificate.limits import limits_of
from anonbench.report.certificate.record import Certificate, Cost, Covered, File, Reached, Remembered
from anonbench.report.certificate.subject import Subject
from anonbench.report.names import leading, words
from anonbench.report.risk.outcomes import GALLERIES
from anonbench.variants.audit import VariantAudit

# An attack links so much more of the people in clear photographs than by their outlines, or it says little.
WORKS = 0.1


def certificate(
    subject: Subject,
    privacy: pd.DataFrame,
    drops: pd.DataFrame,
    attacks: Sequence[AttackResult],
    audits: Sequence[VariantAudit],
    files: Sequence[File],
    versions: dict[str, str],
) -> Certificate:
    """The certificate of a variant.

    Parameters
    ----------
    subject
        What is certified.
    privacy
        As of :func:`anonbench.report.risk.table.privacy_table`.
    drops
        As of :func:`anonbench.report.drops.drop_table`.
    attacks
        On the variant.
    audits
        Of the variant, of the certified dataset and of the attacked ones.
    files
        What it rests on.
    versions
        Of what computed.
    """
    rows = privacy[(privacy.serves == subject.dataset) & (privacy.variant == subject.variant)]
    reached = [_reached(row) for row in rows.to_dict("records")]
    remembered = [
        Remembered(dataset=one.dataset, attack=one.attack, figures=one.figures)
        for one in attacks
        if any(name.startswith("membership_") for name in one.figures)
    ]
    coverage = [Covered(dataset=one.dataset, split=one.split, audit=one.audit) for one in audits]
    coverage.sort(key=lambda one: (one.dataset != subject.dataset, one.dataset, one.split))
    costs = [_cost(row) for row in _drops_of(subject, drops).to_dict("records")]
    return Certificate(
        subject=subject,
        bound=_worst(reached),
        reached=reached,
        remembered=remembered,
        coverage=coverage,
        costs=costs,
        missing=list(_missing(subject, reached, remembered, coverage, costs)),
        limits=limits_of(subject),
        files=sorted(files, key=lambda file: file.path),
        versions=versions,
    )


def in_a_line(found: Certificate) -> str:
    """The headline, and how much is missing."""
    text = "no bound of what an attacker links"
    if found.bound:
        text = f"at most {found.bound.excess_high:.1%} of people linked beyond their outlines, by {found.bound.attack}"
    return f"{text}; {len(found.missing)} things missing" if found.missing else text


def _worst(reached: Sequence[Reached]) -> Reached | None:
    """The headline with the highest upper end, the first of several; None where that of any is not known."""
    headlines = [one for one in reached if one.headline]
    if any(one.excess_high is None for one in headlines):
        return None
    return max(headlines, key=lambda one: (one.excess_high, one.excess), default=None)


def _reached(row: dict[str, Any]) -> Reached:
    names = set(Reached.model_fields) - {"idle"}
    found = {name: _plain(row[name]) for name in names}
    clear, control = found["clear"], found["control"]
    idle = clear is not None and control is not None and clear < control + WORKS
    return Reached(**found, idle=idle)


def _drops_of(subject: Subject, drops: pd.DataFrame) -> pd.DataFrame:
    rows = leading(drops[(drops.dataset == subject.dataset) & (drops.labels == KEPT)])
    return rows[(rows.region == subject.region) & (rows.method == subject.method) & (rows.level == subject.level)]


def _cost(row: dict[str, Any]) -> Cost:
    found = {
        name: _plain(row[name]) for name in ("task", "model", "measure", "value", "baseline", "drop", "low", "high")
    }
    return Cost(**found, verdict=row["verdict"] or "", seeds=int(row["seeds"]), one_seed=bool(row["lower_bound"]))


def _missing(
    subject: Subject,
    reached: Sequence[Reached],
    remembered: Sequence[Remembered],
    coverage: Sequence[Covered],
    costs: Sequence[Cost],
) -> Iterator[str]:
    headlines = [one for one in reached if one.headline]
    if not headlines:
        yield "No attack linked people, so that there is no bound of what an attacker reaches."
    for name in sorted({one.attack for one in headlines if one.excess_high is None}):
        yield f"What {name} reaches beyond outlines is not known, so that there is no bound."
    for name in subject.not_tried:
        yield f"No attack of the kind {name} was made."
    for name in sorted({one.attack for one in headlines if one.idle}):
        yield (
            f"The attack {name} hardly links the people in clear photographs either, so that its figures say little"
            " of the anonymization."
        )
    small = [one.gallery for one in headlines if one.gallery < GALLERIES[0]]
    if small:
        yield f"The smallest gallery has {min(small)} people only, of {GALLERIES[0]} that are meant."
    if subject.generators and not remembered:
        yield f"Nobody asked what {' and '.join(subject.generators)} remembers of the people it learned from."
    covered = {one.dataset for one in coverage}
    if subject.dataset not in covered:
        yield f"The study does not anonymize {subject.dataset} in this way: whom it would miss there is not known."
    if not costs:
        yield "No model was trained on this variant: what it costs is not known."
    for cost in costs:
        if cost.drop is None:
            yield f"The drop in {words(cost.task)} ({cost.model}) is not defined."
        elif cost.one_seed:
            yield f"The drop in {words(cost.task)} ({cost.model}) is of one seed: too narrow an interval, no verdict."


def _plain(value: Any) -> Any:
    """A table's value as plain Python; None where it is empty."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value
