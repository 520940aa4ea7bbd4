"""Where drops come from."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from anonbench.config.cells import ORIGINAL
from anonbench.evaluate.scopes import ALL, PEOPLE, WHO
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import GROUP, group_title, in_order, named, slug
from anonbench.report.noise import NAME as NOISE
from anonbench.report.panels import Chart, Choice, Column, Panel, Table, noise_key
from anonbench.report.theme import SERIES

BAR, BETWEEN = 5, 8  # px of a kind's bar, and between two variants
WORDS = {"both": "wrong in both"}  # of kinds that the terms call otherwise
OF = {WHO: PEOPLE, ALL: "all categories"}  # by scope, what leads first
COLUMNS = {
    "task": Column("task"), "of": Column("of"), "variant": Column("variant"), "error": Column("error"),
    "change": Column("change", 2), "dap": Column("cost", 2), "baseline": Column("cost, originals", 2),
    "noise": Column(NOISE, 2), "count": Column("count", 0), "seeds": Column("seeds"),
}  # fmt: skip


class Errors(Figure):
    """Where drops come from: how much more each kind of error costs than it costs models of the originals."""

    title = "Errors"
    order = 36
    absent = "No cell's errors are told yet."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        table = findings.errors
        shown = (table.evaluated_on == ORIGINAL) & (table.method != ORIGINAL) & table.change.notna()
        rows = table[shown & ((table.scope == ALL) | ((table.scope == WHO) & (table.category == PEOPLE)))]
        if rows.empty:
            return []
        rows = named(rows.assign(error=rows.error.replace(WORDS), of=rows.scope.map(OF)))
        for column in ("dap", "baseline", "change", "noise"):
            rows[column] = (100 * rows[column]).round(3)
        groups = rows[GROUP].drop_duplicates()
        titles = {key: group_title(*key, groups) for key in groups.itertuples(index=False, name=None)}
        charts = [_chart(key, titles[key], one, findings.levels) for key, one in rows.groupby(GROUP, sort=True)]
        task = [titles[key] for key in rows[GROUP].itertuples(index=False, name=None)]
        alike = [*(["of"] if rows.of.nunique() == 1 else []), *(["noise"] if rows.noise.isna().all() else [])]
        columns = {name: column for name, column in COLUMNS.items() if name not in alike}
        rows = rows.assign(task=task)
        led = pd.concat([one[one.of == _choices(one)[0]] for _, one in rows.groupby(GROUP, sort=True)])
        return [*noise_key(charts), *charts, Table("error-costs", "What each error costs", led, columns)]

    def lead(self, findings: Findings) -> str:
        kinds = findings.errors.replace({"error": WORDS}).groupby("task", sort=True).error.unique()
        said = "; ".join(dict.fromkeys(", ".join(of) for of in kinds))
        return (
            "Where a drop comes from: by how many AP points more than in models of the originals AP would rise if one"
            f" sort of error were mended. Each is mended alone, so that they do not add up to the drop: {said}."
        )


def _choices(rows: pd.DataFrame) -> list[str]:
    """Of whom a group's errors are told, what leads first."""
    return [of for of in OF.values() if (rows.of == of).any()]


def _chart(key: Sequence[str], title: str, rows: pd.DataFrame, levels: Sequence[str]) -> Chart:
    choices = _choices(rows)
    rows = pd.concat([rows[rows.of == of] for of in choices], ignore_index=True)
    data = rows[[*GROUP, "of", "variant", "error", "change", "dap", "baseline", "noise", "count", "seeds"]]
    variants, kinds = in_order(rows, levels), rows.error.drop_duplicates().tolist()
    y = alt.Y("variant:N", sort=variants, title=None, scale=alt.Scale(paddingInner=0.2))
    base = alt.Chart(alt.NamedData("data")).encode(y=y, yOffset=alt.YOffset("error:N", sort=kinds))
    title_x = "change in cost, AP points"
    axis = alt.Axis(tickCount=5)
    bars = base.mark_bar().encode(
        x=alt.X("change:Q", title=title_x, axis=axis),
        color=alt.Color(
            "error:N", sort=kinds, title=None, scale=alt.Scale(domain=kinds, range=SERIES[: len(kinds)]),
            legend=alt.Legend(columns=2, symbolType="square"),
        ),
        tooltip=[
            "variant:N", "error:N", alt.Tooltip("change:Q", format=".2f"), alt.Tooltip("count:Q", format=".0f"),
        ],
    )  # fmt: skip
    floor = base.transform_calculate(other="-datum.noise").mark_bar(color="$band")
    floor = floor.encode(x=alt.X("other:Q", title=title_x, axis=axis), x2="noise:Q")
    spec = alt.layer(*([floor] if data.noise.notna().any() else []), bars)
    if len(choices) > 1:
        spec = spec.transform_filter("datum.of === of").add_params(alt.param("of", value=choices[0]))
    spec = spec.properties(width="container", height=len(variants) * (BAR * len(kinds) + BETWEEN))
    cost = rows[rows.of == choices[0]].groupby("error", sort=False).change.mean()
    whose = " of people" if choices[0] == PEOPLE else ""
    says = f"Change in what each kind of error{whose} costs, in points, by variant. On average most: {cost.idxmax()}."
    return Chart(
        slug("errors", *key),
        title,
        says,
        spec.to_dict(),
        data,
        wide=False,
        choices=[Choice("of", "Errors of", choices)] if len(choices) > 1 else [],
    )
