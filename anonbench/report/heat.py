"""A heat-map of drops: warm costs, cool gains, and the stronger the larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from anonbench.report.noise import NAME as NOISE
from anonbench.report.theme import HEAT

STRONG = 0.55  # of the largest drop, beyond which numbers stand in the paper's colour


@dataclass(frozen=True)
class Side:
    """One side of a heat-map: the field of its entries, and these in their order."""

    field: str
    entries: Sequence[str]
    axis: alt.Axis | alt.UndefinedType = alt.Undefined


def with_floor(data: pd.DataFrame, variants: Sequence[str]) -> list[str]:
    """The entries of the side of variants: these, and the noise floor where any is known."""
    return [*variants, *([NOISE] if data.noise.notna().any() else [])]


def heat(
    data: pd.DataFrame, across: Side, down: Side, height: int, tip: Sequence[Any], numbers: bool = True
) -> dict[str, Any]:
    """The specification of a heat-map.

    One side is that of ``variant``, whose last entry is the noise floor where any is known (:func:`with_floor`); it has
    a value for each entry of the other side.

    Parameters
    ----------
    data
        What it draws, with the columns ``drop`` and ``noise`` in AP points.
    across, down
        Columns and rows.
    height
        Of the whole, in px.
    tip
        What a cell says when it is pointed at.
    numbers
        Whether the drops stand in the cells.
    """
    most = max(1.0, data["drop"].abs().max())
    x, y = (
        channel(f"{side.field}:N", title=None, scale=alt.Scale(domain=list(side.entries)), axis=side.axis)
        for channel, side in ((alt.X, across), (alt.Y, down))
    )
    chart = alt.Chart(alt.NamedData("data")).encode(x=x, y=y)
    base = chart.transform_calculate(costs="datum.drop > 0", strong=f"abs(datum.drop) > {STRONG * most}")
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
    if NOISE in (*across.entries, *down.entries):
        other = next(side.field for side in (across, down) if side.field != "variant")
        floor = (
            chart.transform_filter("isValid(datum.noise)")
            .transform_aggregate(noise="max(noise)", groupby=[other])
            .transform_calculate(variant=f"'{NOISE}'", said="'±' + format(datum.noise, '.1f')")
        )
        told = [f"{other}:N", alt.Tooltip("noise:Q", format=".2f")]
        layers += [
            floor.mark_rect(stroke="$paper", strokeWidth=1.5, color="$band").encode(tooltip=told),
            floor.mark_text(fontSize=12 if numbers else 10, color="$ink").encode(text="said:N"),
        ]
    return alt.layer(*layers).properties(width="container", height=height).to_dict()
