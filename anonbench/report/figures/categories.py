"""Who loses: drop by category."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from anonbench.config.cells import ORIGINAL
from anonbench.evaluate.scopes import ALL, CATEGORY, SUPERCATEGORY
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.heat import Side, heat, with_floor
from anonbench.report.main_table import lead_of
from anonbench.report.names import GROUP, group_title, in_order, named, slug
from anonbench.report.noise import with_noise
from anonbench.report.panels import Chart, Panel, noise_key

ROW = 22  # px
FEW, MOST = 6, 30  # categories that stand side by side, and that are shown; of more the super-categories


class Categories(Figure):
    """Who loses: the drop of every category, also of those that nobody anonymized."""

    title = "Categories"
    order = 30
    absent = "Every task of the study has a single category."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        drops = findings.drops[(findings.drops.evaluated_on == "original") & (findings.drops.method != ORIGINAL)]
        drops = named(with_noise(drops, findings.summary, findings.claims.confidence))
        groups = drops[GROUP].drop_duplicates()
        charts = []
        for key, group in drops.groupby(GROUP, sort=True):
            rows = group[group.metric == lead_of(group.metric[group.scope == ALL])]
            found = rows[rows.scope == CATEGORY]
            if found.category.nunique() > MOST and (rows.scope == SUPERCATEGORY).any():
                found = rows[rows.scope == SUPERCATEGORY]
            found = found[found["drop"].notna()]
            if found.category.nunique() > 1:
                charts.append(_chart(key, group_title(*key, groups), found, findings.levels))
        return [*noise_key(charts), *charts]


def _chart(key: Sequence[str], title: str, rows: pd.DataFrame, levels: Sequence[str]) -> Chart:
    data = rows[[*GROUP, "category", "variant", "metric", "drop", "low", "high", "verdict", "noise"]].copy()
    for column in ("drop", "low", "high", "noise"):
        data[column] = (100 * data[column]).round(3)
    metric = data.metric.iloc[0]
    order = data.groupby("category")["drop"].mean().sort_values(ascending=False).index.tolist()
    few = len(order) <= FEW
    variants = with_floor(data, in_order(rows, levels))
    axis = alt.Axis(orient="top", labelAngle=0 if few else -40, labelLimit=120)
    if few:
        across, down = Side("category", order, axis), Side("variant", variants)
    else:
        across, down = Side("variant", variants, axis), Side("category", order)
    spec = heat(data, across, down, ROW * len(down.entries), ["category:N", "variant:N", "verdict:N"], numbers=few)
    says = f"Drop in {metric} by category and variant, in points. Most hit: {', '.join(order[:3])}."
    return Chart(slug("category", *key), title, says, spec, data, wide=not few, most_wide=None if few else 1000)
