"""Where drops come from."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from anonbench.config.cells import ORIGINAL
from anonbench.evaluate.scopes import ALL
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import GROUP, group_title, in_order, named, slug
from anonbench.report.panels import Chart, Column, Panel, Table
from anonbench.report.theme import SERIES

BAR, BETWEEN = 5, 8  # px of a kind's bar, and between two variants
WORDS = {"both": "wrong in both"}  # of kinds that the terms call otherwise
COLUMNS = {
    "task": Column("task"), "variant": Column("variant"), "error": Column("error"), "change": Column("change", 2),
    "dap": Column("cost", 2), "baseline": Column("cost, originals", 2), "count": Column("count", 0),
    "seeds": Column("seeds"),
}  # fmt: skip


class Errors(Figure):
    """Where drops come from: how much more each kind of error costs than it costs models of the originals."""

    title = "Errors"
    order = 36
    absent = "No cell's errors are told yet."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        table = findings.errors
        rows = named(table[(table.evaluated_on == "original") & (table.method != ORIGINAL) & (table.scope == ALL)])
        rows = rows.assign(error=rows.error.replace(WORDS))
        for column in ("dap", "baseline", "change"):
            rows[column] = (100 * rows[column]).round(3)
        rows = rows[rows.change.notna()]
        groups = rows[GROUP].drop_duplicates()
        titles = {key: group_title(*key, groups) for key in groups.itertuples(index=False, name=None)}
        charts = [_chart(key, titles[key], one, findings.levels) for key, one in rows.groupby(GROUP, sort=True)]
        if not charts:
            return []
        task = [titles[key] for key in rows[GROUP].itertuples(index=False, name=None)]
        return [*charts, Table("error-costs", "What each error costs", rows.assign(task=task), COLUMNS)]

    def lead(self, findings: Findings) -> str:
        kinds = findings.errors.replace({"error": WORDS}).groupby("task", sort=True).error.unique()
        said = "; ".join(dict.fromkeys(", ".join(of) for of in kinds))
        return (
            "Where a drop comes from: by how many AP points more than in models of the originals AP would rise if one"
            f" sort of error were mended. Each is mended alone, so that they do not add up to the drop: {said}."
        )


def _chart(key: Sequence[str], title: str, rows: pd.DataFrame, levels: Sequence[str]) -> Chart:
    data = rows[[*GROUP, "variant", "error", "change", "dap", "baseline", "count", "seeds"]]
    variants, kinds = in_order(rows, levels), rows.error.drop_duplicates().tolist()
    spec = (
        alt.Chart(alt.NamedData("data"))
        .mark_bar()
        .encode(
            x=alt.X("change:Q", title="change in cost, AP points", axis=alt.Axis(tickCount=5)),
            y=alt.Y("variant:N", sort=variants, title=None, scale=alt.Scale(paddingInner=0.2)),
            yOffset=alt.YOffset("error:N", sort=kinds),
            color=alt.Color(
                "error:N", sort=kinds, title=None, scale=alt.Scale(domain=kinds, range=SERIES[: len(kinds)]),
                legend=alt.Legend(columns=2, symbolType="square"),
            ),
            tooltip=[
                "variant:N", "error:N", alt.Tooltip("change:Q", format=".2f"), alt.Tooltip("count:Q", format=".0f"),
            ],
        )
        .properties(width="container", height=len(variants) * (BAR * len(kinds) + BETWEEN))
        .to_dict()
    )  # fmt: skip
    cost = rows.groupby("error", sort=False).change.mean()
    says = f"Change in what each kind of error costs, in points, by variant. On average most: {cost.idxmax()}."
    return Chart(slug("errors", *key), title, says, spec, data, wide=False)
