"""Where a drop comes from: how much more each kind of error costs a model than one trained on the originals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from anonbench.config.cells import ORIGINAL, Variant
from anonbench.evaluate.errors.record import CellErrors, Decomposition
from anonbench.evaluate.scopes import ALL, CATEGORY, WHO
from anonbench.report.noise import noise_floors

_SHARED = ["dataset", "task", "model"]
_VARIANT = ["region", "method", "level", "labels", "evaluated_on"]
_ERROR = ["scope", "category", "error"]
COLUMNS = [*_SHARED, *_VARIANT, *_ERROR, "dap", "baseline", "change", "noise", "count", "seeds"]


def error_table(cells: Iterable[CellErrors], confidence: float) -> pd.DataFrame:
    """One row for every kind of error of every task and category, of every variant but the originals.

    ``dap`` is by how much AP would rise without the error, in fractions of 1, and ``count`` how often it is made; both
    are means over the seeds. ``baseline`` is the ``dap`` of the models that were trained and evaluated on the
    originals, and ``change`` is ``dap`` minus ``baseline``: positive where the variant makes the error costlier;
    ``noise`` is how far two such means of the originals lie apart by chance. What is undefined is empty. ``scope`` is
    ``all``, ``who`` or ``category``, as in ``summary.csv``. Rows are sorted by dataset, task, model, variant and
    category; errors are in the order of their definitions.

    Parameters
    ----------
    cells
        As :func:`anonbench.common.records.read_record` reads them.
    confidence
        At which the noise floor holds.
    """
    rows = pd.DataFrame(
        [row for cell in cells for row in _rows(cell)], columns=[*_SHARED, *_VARIANT, "seed", *_ERROR, "dap", "count"]
    ).astype({"dap": float, "count": float})
    by = [*_SHARED, *_VARIANT, *_ERROR]
    plain = rows[(rows.method == ORIGINAL) & (rows.evaluated_on == ORIGINAL)]
    noise = noise_floors(plain, [*_SHARED, *_ERROR], "dap", confidence)
    table = rows.groupby(by, sort=False).agg(dap=("dap", "mean"), count=("count", "mean"), seeds=("seed", "nunique"))
    table = table.reset_index()
    original = (table.method == ORIGINAL) & (table.evaluated_on == ORIGINAL)
    baseline = table[original].rename(columns={"dap": "baseline"})[[*_SHARED, *_ERROR, "baseline"]]
    table = table[~original].merge(baseline, on=[*_SHARED, *_ERROR], how="left", validate="many_to_one")
    table = table.merge(noise, on=[*_SHARED, *_ERROR], how="left", validate="many_to_one")
    table["change"] = table.dap - table.baseline
    return table[COLUMNS].sort_values(by[:-1], kind="stable", ignore_index=True)


def _rows(cell: CellErrors) -> Iterator[dict[str, Any]]:
    variant = Variant.parse(cell.variant)
    for task, found in cell.tasks.items():
        shared = {
            "dataset": cell.dataset,
            "task": task,
            "model": cell.model,
            "region": variant.region,
            "method": variant.method,
            "level": variant.level,
            "labels": variant.labels,
            "evaluated_on": cell.evaluated_on,
            "seed": cell.seed,
        }
        parts: list[tuple[str, str, Decomposition]] = [(ALL, ALL, found)]
        parts += [(WHO, name, of) for name, of in found.groups.items()]
        parts += [(CATEGORY, name, of) for name, of in found.categories.items()]
        for scope, category, part in parts:
            for kind, error in part.errors.items():
                row = {"scope": scope, "category": category, "error": kind, "dap": error.dap, "count": error.count}
                yield shared | row
