"""The result matrix."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from anonbench.config.cells import ORIGINAL
from anonbench.report.answer import points
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import GROUP, group_title, in_order, leading
from anonbench.report.panels import Chart, Column, Panel, Table
from anonbench.report.theme import HEAT

ROW, LINE = 26, 13  # px
COLUMNS = {
    "title": Column("task"), "region": Column("region"), "method": Column("method"), "level": Column("level"),
    "metric": Column("metric"), "value": Column("value", 1), "baseline": Column("baseline", 1),
    "drop": Column("drop", 1), "low": Column("from", 1), "high": Column("to", 1), "verdict": Column("verdict"),
    "detectable": Column("detectable", 1), "seeds": Column("seeds", 0),
}  # fmt: skip


class Matrix(Figure):
    """The mean drop of every variant in every task, in AP points: warm costs accuracy, cool gains it."""

    title = "Matrix"
    order = 10

    def draw(self, findings: Findings) -> Sequence[Panel]:
        rows = leading(findings.drops)
        rows = rows[rows.method != ORIGINAL]
        if rows.empty:
            return []
        groups = rows[GROUP].drop_duplicates()
        titles = {tuple(key): group_title(*key, groups) for key in groups.to_numpy()}
        rows = rows.assign(title=[titles[key] for key in zip(rows.dataset, rows.task, rows.model, strict=True)])
        return [_heat(rows, in_order(rows, findings.levels)), _table(rows)]


def _heat(rows: pd.DataFrame, order: Sequence[str]) -> Chart:
    data = rows[["title", "variant", "metric", "drop", "verdict", "seeds"]].copy()
    data["drop"] = (100 * data["drop"]).round(3)
    data["shown"] = [points(value) for value in rows["drop"]]
    most = max(1.0, data["drop"].abs().max())
    data["strong"] = data["drop"].abs() > 0.55 * most
    titles = data.title.drop_duplicates().tolist()
    lines = max(len(title.split()) for title in titles)
    axis = alt.Axis(
        orient="top", labelAngle=0, labelExpr="split(datum.label, ' ')", labelPadding=LINE * lines - LINE / 2
    )
    base = alt.Chart(alt.NamedData("data")).encode(
        x=alt.X("title:N", title=None, sort=titles, axis=axis),
        y=alt.Y("variant:N", title=None, sort=order),
    )
    cells = (
        base.mark_rect(stroke="$paper", strokeWidth=2)
        .transform_calculate(costs="datum.drop > 0")
        .encode(
            color=alt.Color("costs:N", scale=alt.Scale(**HEAT), legend=None),
            opacity=alt.Opacity("drop:Q", scale=alt.Scale(domain=[-most, 0, most], range=[1, 0.04, 1]), legend=None),
            tooltip=["title:N", "variant:N", alt.Tooltip("drop:Q", format=".2f"), "metric:N", "verdict:N", "seeds:Q"],
        )
    )
    text = base.mark_text(fontSize=12).encode(
        text="shown:N",
        color=alt.condition("datum.strong", alt.value("$on-heat"), alt.value("$ink")),
    )
    spec = (cells + text).properties(width="container", height=alt.Step(ROW)).to_dict()
    worst = rows.loc[rows["drop"].idxmax()] if rows["drop"].notna().any() else None
    says = "A row per variant, a column per task; numbers are drops in points of the task's leading metric."
    if worst is not None:
        says += f" The largest is {points(worst['drop'])}, of {worst.variant} in {worst.title}."
    width = 190 + 150 * data.title.nunique()
    return Chart("matrix", "Drop by variant and task", says, spec, data, most_wide=width)


def _table(rows: pd.DataFrame) -> Table:
    table = rows.sort_values([*GROUP, "drop"], ignore_index=True)
    for column in ("value", "baseline", "drop", "low", "high", "detectable"):
        table[column] = 100 * table[column]
    several = table.level.nunique() > 1
    columns = {name: column for name, column in COLUMNS.items() if several or name != "level"}
    if table.detectable.isna().all():
        columns = {name: column for name, column in columns.items() if name not in ("low", "high", "detectable")}
    return Table("drops", "Every drop of a leading metric, in points", table, columns)
