"""The first screen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import altair as alt

from anonbench.config.statistics import StatisticsConfig
from anonbench.report.answer import Answer, answers, points
from anonbench.report.axes import drop_axis
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import slug
from anonbench.report.panels import Chart, Fragment, Panel
from anonbench.report.theme import NO_VERDICT, ROOMY, VERDICT_COLOURS, VERDICT_SHAPES

ROW, NARROW, MANY = 24, 18, 14  # px of a variant, and of one of many; how many are many
KEPT = ["dataset", "task", "model", "variant", "measure", "drop", "low", "high", "verdict", "seeds"]


class TheAnswer(Figure):
    """What anonymizing costs, per task."""

    title = "The answer"
    order = 0
    absent = "No variant has been evaluated yet."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        found = [replace(one, rows=one.rows.replace({"verdict": {"": NO_VERDICT}})) for one in answers(findings)]
        if not found:
            return []
        shown = [
            verdict for verdict in VERDICT_SHAPES if any((answer.rows.verdict == verdict).any() for answer in found)
        ]
        said = {
            "verdicts": shown,
            "intervals": any(answer.rows.low.notna().any() for answer in found),
            "margin": f"{100 * findings.claims.margin:g}",
            "confidence": f"{findings.claims.confidence:.0%}",
            "noise": any(answer.noise is not None for answer in found),
        }
        return [
            Fragment("answer.html", said),
            *(ranking(answer, findings.claims) for answer in found),
        ]

    def lead(self, findings: Findings) -> str:
        summary, drops = findings.summary, findings.drops
        seeds = summary.seed.nunique()
        images = _and([f"{int(number):,}" for number in sorted(summary.images.unique())])
        return (
            f"Models are trained on anonymized images of {_and(sorted(drops.dataset.unique()))} and evaluated on the"
            " original ones. A drop is what they lack of models that were trained on the originals:"
            f" {seeds} seed{'s' * (seeds != 1)} a variant, {images} validation images."
        )


def ranking(answer: Answer, claims: StatisticsConfig) -> Chart:
    """The variants of one group, the smallest drop first, with intervals, the noise floor and the margin."""
    rows = answer.rows[KEPT].copy()
    for column in ("drop", "low", "high"):
        rows[column] = (100 * rows[column]).round(3)
    first = rows.iloc[0]
    order = rows.variant.tolist()
    told = {row.variant: points(row.drop / 100) for row in rows.itertuples()}
    verdicts = {row.variant: "" if row.verdict == NO_VERDICT else f"  {row.verdict}" for row in rows.itertuples()}
    y = alt.Y("variant:N", sort=order, title=None, axis=alt.Axis(labelLimit=170))
    metric = f"drop in {first.measure}, points"
    x = drop_axis(rows, metric)
    base = alt.Chart(alt.NamedData("data"))
    tip = [
        "variant:N",
        *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("drop", "low", "high")),
        "verdict:N",
        "seeds:Q",
    ]
    colours = alt.Scale(domain=[*VERDICT_COLOURS], range=[*VERDICT_COLOURS.values()])
    shapes = alt.Scale(domain=[*VERDICT_SHAPES], range=[*VERDICT_SHAPES.values()])
    colour, shape = (
        alt.Color("verdict:N", legend=None, scale=colours),
        alt.Shape("verdict:N", legend=None, scale=shapes),
    )
    layers = []
    constants = alt.Chart(alt.InlineData([{"zero": 0}]))
    if answer.noise is not None:
        layers.append(
            constants.mark_rect(color="$band", clip=True).encode(
                x=alt.XDatum(-answer.noise), x2=alt.X2Datum(answer.noise)
            )
        )
    layers.append(constants.mark_rule(color="$muted").encode(x=alt.XDatum(0)))
    for side in (-1, 1):
        layers.append(
            constants.mark_rule(color="$muted", strokeDash=[3, 3]).encode(x=alt.XDatum(100 * side * claims.margin))
        )
    said = f"{_lookup(told)} + ({ROOMY.name} ? {_lookup(verdicts)} : '')"
    told_axis = alt.Axis(orient="right", labelExpr=said, labelLimit=150)
    right = y.copy()
    right.axis = told_axis
    layers += [
        base.mark_rule(strokeWidth=2).encode(y=y, x=drop_axis(rows, metric, "low:Q"), x2="high:Q", color=colour),
        base.mark_point(filled=True, size=90, opacity=1).encode(y=right, x=x, color=colour, shape=shape, tooltip=tip),
    ]
    spec = alt.layer(*layers).resolve_axis(y="independent").add_params(ROOMY)
    spec = spec.properties(width="container", height=len(rows) * (ROW if len(rows) <= MANY else NARROW))
    return Chart(
        name=slug("drop", first.dataset, first.task, first.model),
        title=answer.title,
        says=f"{answer.title}: {len(rows)} variants by their drop, from {told[order[0]]} to {told[order[-1]]} points.",
        spec=spec.to_dict(),
        data=rows,
        wide=False,
        text=answer.sentences,
    )


def _lookup(texts: dict[str, str]) -> str:
    """An expression that gives the text of an axis's value."""
    return f"({json.dumps(texts, ensure_ascii=False)})[datum.value]"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
