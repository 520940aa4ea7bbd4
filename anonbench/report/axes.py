"""The axis of drops."""

from __future__ import annotations

import altair as alt
import pandas as pd

LINEAR = 10  # points, up to which the scale is linear
TICKS = (-100, -30, -10, -3, -1, 0, 1, 3, 10, 30, 100)


def drop_axis(rows: pd.DataFrame, title: str, field: str = "drop:Q") -> alt.X:
    """Linear within ±1 point and logarithmic beyond, where drops are large: what is near 0 can be told apart.

    Parameters
    ----------
    rows
        With ``drop``, ``low`` and ``high`` in points.
    title
        What they are.
    field
        What is drawn.
    """
    ends = rows[["drop", "low", "high"]].stack()
    if ends.abs().max() <= LINEAR:
        return alt.X(field, axis=alt.Axis(title=title, tickCount=3, format="~f"), scale=alt.Scale(nice=True, zero=True))
    least, most = min(-1.0, ends.min()), max(1.0, ends.max())
    values = [tick for tick in TICKS if least <= tick <= most]
    axis = alt.Axis(title=f"{title} (log)", values=values, format="d", grid=True)
    return alt.X(
        field, axis=axis, scale=alt.Scale(type="symlog", constant=1, domain=[least * 1.25, most * 1.1], nice=False)
    )
