"""What attacks reached, made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from anonbench.report.linkability import COLUMNS

CONTROL, CLEAR, CHANCE, ROOM = 0.04, 0.7, 0.01, 0.05  # ROOM: how far the upper bound lies above the excess


def attacked(
    bounds: Mapping[str, Mapping[str, float]],
    serves: Sequence[str] = ("street",),
    people: str = "faces",
    others: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """A table of attacks at rank 1.

    Parameters
    ----------
    bounds
        By variant and by attack, ``name``, ``name/setting`` or ``name/setting/gallery``: the excess's upper bound.
    serves
        The datasets of the study.
    people
        The dataset whose people are attacked.
    others
        Values of further criteria, which every attack on every variant reaches.
    """
    rows = []
    for dataset in serves:
        for variant, attacks in bounds.items():
            region, method, level = variant.partition("-draw")[0].split("-")
            for name, bound in attacks.items():
                attack, setting, gallery = [*name.split("/"), *("all", "100")[name.count("/") :]]
                excess = bound - ROOM
                value = CONTROL + excess * (1 - CONTROL)
                shared = {
                    "serves": dataset, "dataset": people, "region": region, "method": method, "level": level,
                    "variant": variant, "attack": attack, "surroundings": "hidden", "setting": setting,
                    "gallery": int(gallery), "headline": True, "identities": 90, "probes": 200,
                }  # fmt: skip
                reached = {
                    "criterion": "rank1", "value": value, "low": value - 0.03, "high": value + 0.03, "control": CONTROL,
                    "clear": CLEAR, "chance": CHANCE, "excess": excess, "excess_low": excess - ROOM,
                    "excess_high": bound,
                }  # fmt: skip
                rows.append(shared | reached)
                rows += [
                    shared | reached | {"criterion": criterion, "headline": False, "value": other, "excess_high": 0.99}
                    for criterion, other in (others or {}).items()
                ]
    return pd.DataFrame(rows, columns=COLUMNS)
