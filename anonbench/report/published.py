"""Figures that papers report, beside those of the study."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from anonbench.config.cells import KEPT
from anonbench.report.places import PUBLISHED

COLUMNS = [
    "study", "source", "place", "dataset", "task", "region", "method", "metric", "quantity", "value", "original",
    "read",
]  # fmt: skip


def read_published(path: Path = PUBLISHED) -> pd.DataFrame:
    """Figures of papers, one a row.

    ``source`` is where the figure stands and ``place`` where in it (table and page, or abstract). ``dataset``,
    ``task``, ``region``, ``method`` and ``metric`` are the names that studies here have for the same thing; empty where
    there is none. ``value`` and ``original`` are as published, in points, of models trained on anonymized and on
    original images; ``read`` says what was read of the source: ``abstract``, ``file``, or ``second hand``.
    """
    table = pd.read_csv(path, keep_default_na=False)
    for name in ("value", "original"):
        table[name] = pd.to_numeric(table[name].replace("", None))
    return table[COLUMNS]


def beside(published: pd.DataFrame, drops: pd.DataFrame) -> pd.DataFrame:
    """The published drops of which the study has a cell: published, here, and the difference, in points.

    A published figure that names no model is set beside every model of the study; one that names no dataset, task or
    method matches nothing.
    """
    match = ["dataset", "task", "region", "method", "metric"]
    known = published[(published[match] != "").all(axis=1) & published.original.notna()].copy()
    known["published"] = known.original - known.value
    here = drops[(drops.scope == "all") & (drops.evaluated_on == "original") & (drops.labels == KEPT)]
    joined = known.merge(here[[*match, "model", "level", "drop"]], on=match)
    joined["here"] = 100 * joined["drop"]
    joined["difference"] = joined.here - joined.published
    return joined[["study", "place", "read", *match, "model", "level", "published", "here", "difference"]]
