"""A heat-map of drops: warm costs, cool gains, and the stronger the larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from anonbench.report.theme import HEAT

STRONG = 0.55  # of the largest drop, beyond which numbers stand in the paper's colour


def heat(
    data: pd.DataFrame, x: alt.X, y: alt.Y, height: int, tip: Sequence[Any], numbers: bool = True
) -> dict[str, Any]:
    """The specification of a heat-map whose data's column ``drop`` is in AP points.

    Parameters
    ----------
    data
        What it draws.
    x, y
        Columns and rows.
    height
        Of the whole, in px.
    tip
        What a cell says when it is pointed at.
    numbers
        Whether the drops stand in the cells.
    """
    most = max(1.0, data["drop"].abs().max())
    base = (
        alt.Chart(alt.NamedData("data"))
        .transform_calculate(costs="datum.drop > 0", strong=f"abs(datum.drop) > {STRONG * most}")
        .encode(x=x, y=y)
    )
    strength = alt.Scale(domain=[-most, 0, most], range=[1, 0.04, 1])
    layers = [
        base.mark_rect(stroke="$paper", strokeWidth=1.5).encode(
            color=alt.Color("costs:N", scale=alt.Scale(**HEAT), legend=None),
            opacity=alt.Opacity("drop:Q", scale=strength, legend=None),
            tooltip=[*tip, alt.Tooltip("drop:Q", format=".2f")],
        )
    ]
    if numbers:
        colour = alt.condition("datum.strong", alt.value("$on-heat"), alt.value("$ink"))
        layers.append(base.mark_text(fontSize=12).encode(text=alt.Text("drop:Q", format=".1f"), color=colour))
    return alt.layer(*layers).properties(width="container", height=height).to_dict()
