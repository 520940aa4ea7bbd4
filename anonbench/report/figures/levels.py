"""Drop against level, and against the share of people that is anonymized."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt
import pandas as pd

from anonbench.config.cells import REMADE
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import GROUP, RELABELLED, group_title, leading, slug, words
from anonbench.report.noise import with_noise
from anonbench.report.panels import Chart, Panel, noise_key

HEIGHT = 220


class Levels(Figure):
    """How the drop grows with a method's level, and with the dose: the share of people that it anonymizes."""

    title = "Levels"
    order = 20
    absent = "The study has one level of every method; with several, this shows how the drop grows."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        rows = with_noise(leading(findings.drops), findings.summary, findings.claims.confidence)
        doses = (
            pd.Series(list(zip(rows.method, rows.level, strict=True)), index=rows.index)
            .map(dict(findings.doses))
            .astype(float)
        )
        charts = [*_levels(rows[~(doses < 1)], findings.levels), *_doses(rows.assign(dose=100 * doses))]
        return [*noise_key(charts), *charts]


def _levels(rows: pd.DataFrame, order: Sequence[str]) -> Iterator[Chart]:
    several = rows.groupby([*GROUP, "region", "method", "labels"])["level"].transform("nunique") > 1
    rows = rows[several]
    order = [level for level in order if level in set(rows.level)]
    x = alt.X("level:O", sort=order, title="level", axis=alt.Axis(labelAngle=0), scale=alt.Scale(padding=0.4))
    yield from _charts(rows, "level", x, "level")


def _doses(rows: pd.DataFrame) -> Iterator[Chart]:
    axis = alt.Axis(title="people anonymized, %", tickCount=5)
    x = alt.X("dose:Q", axis=axis, scale=alt.Scale(domain=[0, 100]))
    yield from _charts(rows[rows.dose.notna()], "dose", x, "dose")


def _charts(rows: pd.DataFrame, by: str, x: alt.X, kind: str) -> Iterator[Chart]:
    groups = rows[GROUP].drop_duplicates()
    for key, found in rows.groupby(GROUP, sort=True):
        data = found[[*GROUP, "region", "method", "measure", by, "drop", "low", "high", "verdict", "noise"]].copy()
        data["method"] = data.method.map(words)
        data.loc[found.labels == REMADE, "method"] += f", {RELABELLED}"
        for column in ("drop", "low", "high", "noise"):
            data[column] = (100 * data[column]).round(3)
        title, metric = group_title(*key, groups), found.measure.iloc[0]
        base = alt.Chart(alt.NamedData("data")).encode(
            x=x,
            color=alt.Color("method:N", title=None, legend=alt.Legend(columns=3, symbolType="stroke")),
            strokeDash=alt.StrokeDash(
                "region:N", title=None, sort=["body", "face"], legend=alt.Legend(symbolType="stroke")
            ),
        )
        drop = f"drop in {metric}, points"
        y = alt.Y("drop:Q", title=drop)
        noise = data.noise.iloc[0]
        spec = alt.layer(
            *([] if pd.isna(noise) else [_band(noise)]),
            base.mark_rule(strokeWidth=1.5, opacity=0.55).encode(y=alt.Y("low:Q", title=drop), y2="high:Q"),
            base.mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=50)).encode(
                y=y, tooltip=["region:N", "method:N", f"{by}:N", alt.Tooltip("drop:Q", format=".2f"), "verdict:N"]
            ),
        ).properties(width="container", height=HEIGHT)
        says = f"Drop in {metric} against {kind}, a line per region and method."
        yield Chart(slug(kind, *key), title, says, spec.to_dict(), data, wide=False)


def _band(noise: float) -> alt.Chart:
    """The drops, in points, that are no larger than the noise floor."""
    band = alt.Chart(alt.InlineData([{}])).mark_rect(color="$band")
    return band.encode(y=alt.YDatum(-noise), y2=alt.Y2Datum(noise))
