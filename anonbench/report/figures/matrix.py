"""The result matrix."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from anonbench.report.answer import points
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.heat import Side, heat, with_floor
from anonbench.report.names import GROUP, group_title, in_order, leading
from anonbench.report.noise import NAME as NOISE
from anonbench.report.noise import with_noise
from anonbench.report.panels import Chart, Column, Panel, Table, noise_key

ROW, LINE = 26, 13  # px
COLUMNS = {
    "title": Column("task"), "region": Column("region"), "method": Column("method"), "level": Column("level"),
    "labels": Column("labels"), "measure": Column("metric"), "value": Column("value", 1),
    "baseline": Column("baseline", 1),
    "drop": Column("drop", 1), "low": Column("from", 1), "high": Column("to", 1), "verdict": Column("verdict"),
    "detectable": Column("detectable", 1), "noise": Column(NOISE, 1), "seeds": Column("seeds", 0),
}  # fmt: skip


class Matrix(Figure):
    """The mean drop of every variant in every task, in AP points: warm costs accuracy, cool gains it."""

    title = "Matrix"
    order = 10

    def draw(self, findings: Findings) -> Sequence[Panel]:
        rows = with_noise(leading(findings.drops), findings.summary, findings.claims.confidence)
        if rows.empty:
            return []
        groups = rows[GROUP].drop_duplicates()
        titles = {tuple(key): group_title(*key, groups) for key in groups.to_numpy()}
        rows = rows.assign(title=[titles[key] for key in zip(rows.dataset, rows.task, rows.model, strict=True)])
        chart = _heat(rows, in_order(rows, findings.levels))
        return [*noise_key([chart]), chart, _table(rows)]


def _heat(rows: pd.DataFrame, order: Sequence[str]) -> Chart:
    data = rows[["title", "variant", "measure", "drop", "verdict", "seeds", "noise"]].copy()
    data[["drop", "noise"]] = (100 * data[["drop", "noise"]]).round(3)
    titles = data.title.drop_duplicates().tolist()
    words = max(len(title.split()) for title in titles)
    axis = alt.Axis(
        orient="top", labelAngle=0, labelExpr="split(datum.label, ' ')", labelPadding=LINE * words - LINE / 2
    )
    lines = with_floor(data, order)
    told = ["title:N", "variant:N", "measure:N", "verdict:N", "seeds:Q"]
    spec = heat(data, Side("title", titles, axis), Side("variant", lines), ROW * len(lines), told)
    worst = rows.loc[rows["drop"].idxmax()] if rows["drop"].notna().any() else None
    says = "A row per variant, a column per task; numbers are drops in points of the task's leading metric."
    if worst is not None:
        says += f" The largest is {points(worst['drop'])}, of {worst.variant} in {worst.title}."
    width = 190 + 150 * data.title.nunique()
    return Chart("matrix", "Drop by variant and task", says, spec, data, most_wide=width)


def _table(rows: pd.DataFrame) -> Table:
    table = rows.sort_values([*GROUP, "drop"], ignore_index=True)
    for column in ("value", "baseline", "drop", "low", "high", "detectable", "noise"):
        table[column] = 100 * table[column]
    same = [name for name in ("level", "labels") if table[name].nunique() == 1]
    columns = {name: column for name, column in COLUMNS.items() if name not in same}
    if table.detectable.isna().all():
        columns = {name: column for name, column in columns.items() if name not in ("low", "high", "detectable")}
    if table.noise.isna().all():
        columns = {name: column for name, column in columns.items() if name != "noise"}
    return Table("drops", "Every drop of a leading metric, in points", table, columns)
