"""The result matrix of a study that is not complete."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from anonbench.config.cells import ORIGINAL
from anonbench.evaluate.cell import CategoryScores, CellScores, Stratum, TaskScores
from anonbench.evaluate.records import Values
from anonbench.report.summary import summarize


def summarize_partly(cells: Iterable[CellScores]) -> pd.DataFrame:
    """As :func:`anonbench.report.summary.summarize`; a cell without a baseline keeps its rows, without a drop."""
    cells = list(cells)
    have = {_baseline_of(cell) for cell in cells if cell.variant == ORIGINAL and cell.evaluated_on == "original"}
    stand_ins = {key: _nothing(cell) for cell in cells if (key := _baseline_of(cell)) not in have}
    table = summarize([*cells, *stand_ins.values()])
    if not stand_ins:
        return table
    key = pd.Series(list(zip(table.dataset, table.model, table.seed, strict=True)), index=table.index)
    made_up = key.isin(list(stand_ins)) & (table.method == ORIGINAL) & (table.evaluated_on == "original")
    return table[~made_up].reset_index(drop=True)


def _baseline_of(cell: CellScores) -> tuple[str, str, int]:
    return cell.dataset, cell.model, cell.seed


def _nothing(cell: CellScores) -> CellScores:
    """A baseline for a cell of which nothing is known."""
    tasks = {
        name: TaskScores(
            instances=task.instances,
            metrics=_unknown(task.metrics),
            categories={
                category: CategoryScores(
                    instances=scores.instances, metrics=_unknown(scores.metrics), supercategory=scores.supercategory
                )
                for category, scores in task.categories.items()
            },
            strata={
                scope: {
                    name: Stratum(instances=scores.instances, metrics=_unknown(scores.metrics))
                    for name, scores in strata.items()
                }
                for scope, strata in task.strata.items()
            },
        )
        for name, task in cell.tasks.items()
    }
    return cell.model_copy(update={"variant": ORIGINAL, "evaluated_on": "original", "tasks": tasks})


def _unknown(metrics: Values) -> Values:
    return dict.fromkeys(metrics)
