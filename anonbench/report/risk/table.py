"""``results/privacy.csv``: what every attacker reaches on every variant, above its control."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from anonbench.attacks.record import AttackResult
from anonbench.config.cells import Variant
from anonbench.config.privacy import CLEAR, CONTROL, anchor, is_anchor
from anonbench.config.statistics import StatisticsConfig
from anonbench.config.types import Region
from anonbench.report.risk.intervals import excess, proportion
from anonbench.report.risk.outcomes import RANK1, Outcomes, headline_gallery, outcomes_of
from anonbench.report.tables import read_columns

KEYS = [
    "serves", "dataset", "region", "method", "level", "variant", "attack", "surroundings", "setting", "gallery",
    "criterion",
]  # fmt: skip
COLUMNS = [
    *KEYS, "headline", "identities", "probes", "value", "low", "high", "control", "clear", "chance", "excess",
    "excess_low", "excess_high",
]  # fmt: skip


@dataclass(frozen=True)
class _Anchors:
    """The outcomes of the same attack where nothing is anonymized, and where outlines are all that is left."""

    clear: Mapping[tuple, Outcomes]
    control: Mapping[tuple, Outcomes]


def privacy_table(
    results: Iterable[AttackResult], serves: Collection[tuple[str, Region, str]], statistics: StatisticsConfig
) -> pd.DataFrame:
    """One row for every variant, attack, setting, gallery and criterion, anchors included.

    ``value`` is what the attacker reaches, ``control`` what the same attacker reaches by the outlines alone, ``clear``
    what it reaches where nothing is anonymized, ``excess`` the risk above the control
    (:func:`anonbench.report.risk.intervals.excess`). ``headline`` marks the rows by which a variant is judged: rank-1
    in a gallery of 100 people, or of all where there are fewer, by attackers who see the region alone; those whose
    ``surroundings`` are shown say what the published image gives away, whatever the method hides. All are fractions
    of 1. A criterion of which an anchor says nothing has an empty ``control``, ``clear`` and ``excess``.

    Parameters
    ----------
    results
        Of all attacks, their anchors among them.
    serves
        Attacked dataset, region, and dataset of the study that it judges; a row is there once for each of these.
    statistics
        Confidence, and number and seed of the resamples.
    """
    found = {(one.dataset, one.variant, one.attack): one for one in results}
    by_case = {key: {outcomes.key: outcomes for outcomes in outcomes_of(one)} for key, one in found.items()}
    rows = []
    for (dataset, variant, attack), one in sorted(found.items()):
        anchors = _Anchors(*(by_case.get((dataset, anchor(one.region, kind), attack), {}) for kind in (CLEAR, CONTROL)))
        for row in _rows(one, by_case[dataset, variant, attack].values(), anchors, statistics):
            rows += [
                {"serves": served, **row} for of, region, served in serves if (of, region) == (dataset, one.region)
            ]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(KEYS, kind="stable", ignore_index=True)


def read_privacy(path: Path | str) -> pd.DataFrame:
    """The table as :func:`privacy_table` gives it, from its CSV file.

    Raises
    ------
    UserError
        If the file is missing or lacks a column.
    """
    numbers = [name for name in COLUMNS if name not in (*KEYS, "headline")]
    return read_columns(path, COLUMNS, numbers)


def _rows(
    result: AttackResult, outcomes: Iterable[Outcomes], anchors: _Anchors, statistics: StatisticsConfig
) -> Iterator[dict[str, Any]]:
    full = {linked.setting: linked.gallery for linked in result.linked}
    names = _names(result.variant)
    judged = result.surroundings == "hidden"
    for one in outcomes:
        value = proportion(one, statistics.confidence)
        row = {
            "dataset": result.dataset,
            "region": result.region,
            **names,
            "variant": result.variant,
            "attack": result.attack,
            "surroundings": result.surroundings,
            "setting": one.setting,
            "gallery": one.gallery,
            "criterion": one.criterion,
            "headline": judged and one.criterion == RANK1 and one.gallery == headline_gallery(full[one.setting]),
            "identities": len(set(one.identities.tolist())),
            "probes": len(one.values),
            "value": value.value,
            "low": value.low,
            "high": value.high,
            "chance": one.chance,
        }
        control, clear = anchors.control.get(one.key), anchors.clear.get(one.key)
        if clear is not None:
            row["clear"] = proportion(clear, statistics.confidence).value
        if control is not None:
            above = excess(one, control, statistics.confidence, statistics.resamples, statistics.seed)
            row["control"] = proportion(control, statistics.confidence).value
            row |= {"excess": above.value, "excess_low": above.low, "excess_high": above.high}
        yield row


def _names(variant: str) -> dict[str, str]:
    if is_anchor(variant):
        return {"method": variant.partition("-")[2], "level": "none"}
    made = Variant.parse(variant)
    return {"method": made.method, "level": made.level}
