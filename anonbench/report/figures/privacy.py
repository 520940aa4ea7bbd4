"""Utility against privacy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import altair as alt
import pandas as pd

from anonbench.config.cells import KEPT, ORIGINAL
from anonbench.report.answer import points
from anonbench.report.axes import drop_axis
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.linkability import (
    ATTACK,
    NUMBERS,
    VARIANT,
    at_most,
    dominated,
    linkable,
    worst_attacks,
)
from anonbench.report.names import GROUP, group_title, in_order, leading, named, slug, words
from anonbench.report.noise import with_noise
from anonbench.report.panels import Chart, Column, Fragment, Panel, Table
from anonbench.report.risk.outcomes import RANK1
from anonbench.report.theme import ROOMY

HEIGHT, WIDE, ROW, LINE = 300, 760, 22, 13  # px
FEW = 3  # attacks whose names lie
DIM = 0.25  # of dominated variants
STRONG = 0.55  # of certainty, beyond which numbers stand in the paper's colour
HELD = ["drop", "low", "high", "noise", "bound", "originals"]
COVERAGE = {"masked_out": Column("masked out", 0), "left": Column("left", 0)}
PLURAL = {"face": "faces", "body": "bodies"}
CHOICE = {
    "title": Column("task"), "variant": Column("variant", line=True), "says": Column("in a word", line=True),
    "drop": Column("drop", 1), "bound": Column("linkability, at most %", 1),
    "attack": Column("worst attacker"), "setting": Column("setting", line=True), "gallery": Column("gallery", 0),
    "beaten": Column("dominated"), **COVERAGE,
}  # fmt: skip
ATTACKS = {
    "variant": Column("variant", line=True), "people": Column("people of"), "attack": Column("attack"),
    "surroundings": Column("surroundings"), "setting": Column("setting", line=True), "gallery": Column("gallery", 0),
    "probes": Column("probes", 0),
    "value": Column("rank-1 %", 1), "low": Column("from", 1), "high": Column("to", 1), "control": Column("control", 1),
    "clear": Column("originals", 1), "chance": Column("chance", 1), "excess": Column("excess", 1),
    "excess_high": Column("at most", 1),
}  # fmt: skip


class Privacy(Figure):
    """What an attacker can still learn of the people in every variant, against what the variant costs."""

    title = "Privacy"
    order = 70
    absent = "This study measures no attack. A small drop says nothing of how well somebody is hidden."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        if findings.privacy.empty:
            return []
        rows = _judged(findings)
        charts = [
            _choice(key, region, found, findings.levels)
            for (*key, region), found in rows.groupby([*GROUP, "region"], sort=True)
            if found.bound.notna().any() and found["drop"].notna().any()
        ]
        noise = any(chart.data.noise.notna().any() for chart in charts)
        said = {"noise": noise, "confidence": f"{findings.claims.confidence:.0%}"}
        attacks = _attacks(findings.privacy)
        return [
            *([Fragment("privacy.html", said)] if charts else []),
            *charts,
            *_heats(attacks, findings.levels),
            Table(
                "linkability", "What each variant costs, and how linkable it leaves people", rows, _known(rows, CHOICE)
            ),
            _table(attacks, findings.privacy),
        ]

    def lead(self, findings: Findings) -> str:
        return (
            "What a variant costs, against how far its people can be linked to other photographs of them: the upper"
            " bound of the excess linkability, beyond what the control gives away, of the attacker who reaches most."
        )


def _judged(findings: Findings) -> pd.DataFrame:
    """A row per variant of every group in points and per cent, and whether another variant of its group beats it."""
    rows = with_noise(leading(findings.drops), findings.summary, findings.claims.confidence)
    rows = rows.merge(worst_attacks(findings.privacy), on=VARIANT, how="left")
    audits = findings.audits[(findings.audits.split == "train") & (findings.audits.draw == 0)]
    rows = rows.merge(audits[[*VARIANT, *COVERAGE]], on=VARIANT, how="left")
    groups = rows[GROUP].drop_duplicates()
    titles = {key: group_title(*key, groups) for key in groups.itertuples(index=False, name=None)}
    rows["title"] = [titles[key] for key in rows[GROUP].itertuples(index=False, name=None)]
    rows["says"] = [f"{_cost(row)}, {linkable(row.bound)}" for row in rows.itertuples()]
    rows["beaten"] = ""
    for _, found in rows.groupby([*GROUP, "region"]):
        rows.loc[found.index, "beaten"] = ["yes" if one else "" for one in dominated(found["drop"], found.bound)]
    rows[HELD] = (100 * rows[HELD]).astype(float).round(3)
    rows[["attack", "setting"]] = rows[["attack", "setting"]].fillna("")
    return rows.sort_values([*GROUP, "region", "bound", "drop"], ignore_index=True)


def _cost(row) -> str:
    """What a variant costs, of a row in fractions of 1."""
    if pd.isna(row.drop):
        return "drop not known"
    if pd.isna(row.high) or row.lower_bound:
        return f"{points(row.drop)} {row.metric} points lost with one seed"
    return f"at most {at_most(row.high)} {row.metric} points lost"


def _known(rows: pd.DataFrame, columns: dict[str, Column]) -> dict[str, Column]:
    """The columns that say something: of numbers those that are known of any row, of names those that differ."""
    return {
        name: column
        for name, column in columns.items()
        if name not in ("surroundings", "setting", "gallery", "people", *COVERAGE) or rows[name].dropna().nunique() > 1
    }


def _choice(key: Sequence[str], region: str, rows: pd.DataFrame, levels: Sequence[str]) -> Chart:
    """One point a method and level."""
    kept = [*GROUP, "variant", "method", "level", *HELD, *ATTACK, "beaten", "says"]
    data = rows[rows.bound.notna() & rows["drop"].notna()][kept].reset_index(drop=True)
    data["method"] = data.method.map(words)
    # Neighbours on the frontier may lie close: every other name stands below its line.
    nth = data.bound.where(data.beaten == "").rank(ascending=False, method="first")
    data["place"] = (nth % 2 == 0).map({True: "below", False: "above"})
    several = data.level.nunique() > 1
    data["name"] = data.method + (" · " + data.level if several else "")
    first = rows.iloc[0]
    metric = f"drop in {first.measure}, points"
    x = drop_axis(data, metric)
    y = alt.Y("bound:Q", title="excess linkability, at most %", scale=alt.Scale(zero=True, nice=True))
    base = alt.Chart(alt.NamedData("data"))
    plain = alt.Chart(alt.InlineData([{}]))
    noise, originals = data.noise.iloc[0], data.originals.max()
    anchors = [{"at": 0.0, "word": "control"}]
    anchors += [] if pd.isna(originals) else [{"at": float(originals), "word": "originals"}]
    anchor = alt.Chart(alt.InlineData(anchors)).encode(y=alt.Y("at:Q"))
    middle = float(data["drop"].median())
    dim = alt.condition("datum.beaten === 'yes'", alt.value(DIM), alt.value(1))
    colour = alt.Color("method:N", title=None, legend=alt.Legend(columns=3))
    tip = [
        "variant:N", "says:N", "attack:N", "setting:N", "gallery:Q",
        *(alt.Tooltip(f"{name}:Q", format=".2f") for name in ("drop", "low", "high", "bound")),
    ]  # fmt: skip
    band = plain.mark_rect(color="$band").encode(x=alt.XDatum(-noise), x2=alt.X2Datum(noise))
    layers = [
        *([] if pd.isna(noise) else [band]),
        plain.mark_rule(color="$muted").encode(x=alt.XDatum(0)),
        anchor.mark_rule(color="$muted", strokeDash=[3, 3]),
        anchor.mark_text(align="left", dx=2, dy=-6, color="$muted").encode(text="word:N", x=alt.value(0)),
        base.mark_rule(strokeWidth=2).encode(
            x=drop_axis(data, metric, "low:Q"), x2="high:Q", y=y, color=colour, opacity=dim
        ),
        base.mark_point(filled=True, size=90).encode(x=x, y=y, color=colour, opacity=dim, tooltip=tip),
        *(
            base.transform_filter(
                f"{ROOMY.name} && datum.beaten !== 'yes' && datum.drop {side} {middle} && datum.place === '{place}'"
            )
            .mark_text(align=align, dx=dx, dy=dy, color="$ink")
            .encode(x=x, y=y, text="name:N")
            for side, align, dx in (("<=", "left", 9), (">", "right", -9))
            for place, dy in (("above", -6), ("below", 12))
        ),
    ]
    spec = alt.layer(*layers).add_params(ROOMY).properties(width="container", height=HEIGHT)
    best = data[data.beaten == ""]
    title = f"{first.title}, {region}"
    said = f"{len(data)} variants by drop and by excess linkability"
    says = f"{title}: {said}. No other one beats {', '.join(best.variant)}."
    unknown = rows[rows.bound.isna()].variant.tolist()
    text = [f"{row.variant}: {row.says}." for row in best.itertuples()]
    if unknown:
        text.append(f"How far people can be linked is not known of {', '.join(unknown)}.")
    return Chart(slug("privacy", *key, region), title, says, spec.to_dict(), data, text=text, most_wide=WIDE)


def _attacks(privacy: pd.DataFrame) -> pd.DataFrame:
    """A row per variant and attack at rank 1, once for all datasets that it serves, in per cent."""
    rows = privacy[privacy.criterion == RANK1].drop(columns="serves").drop_duplicates(ignore_index=True)
    rows = named(rows.rename(columns={"dataset": "people", "variant": "path"}).assign(labels=KEPT))
    rows["variant"] += [" · draw" + draw if draw else "" for _, _, draw in rows.path.str.partition("-draw").to_numpy()]
    rows[NUMBERS] = (100 * rows[NUMBERS].astype(float)).round(2)
    parts = [rows.attack.map(words)]
    if rows.surroundings.nunique() > 1:
        parts.append(rows.surroundings.map({"hidden": "", "shown": "with surroundings"}))
    if rows.setting.nunique() > 1:
        parts.append(rows.setting.map(words))
    if rows.gallery.nunique() > 1:
        parts.append("of " + rows.gallery.astype(str))
    label = parts[0].astype(str)
    for part in parts[1:]:
        label = label + (", " + part.astype(str)).where(part != "", "")
    return rows.assign(label=label)


def _heats(attacks: pd.DataFrame, levels: Sequence[str]) -> Iterator[Chart]:
    """What each attack reaches on each variant, between the control and the originals."""
    for (people, region), rows in attacks.groupby(["people", "region"], sort=True):
        shares = ["value", "control", "clear", "chance", "excess", "excess_high"]
        data = rows[["people", "variant", "label", *ATTACK, *shares]]
        labels = data.label.drop_duplicates().tolist()
        lines = [ORIGINAL + "s", *in_order(rows, levels), "control"]
        # On a phone there is room for two or three lines that lie; more stand.
        if len(labels) <= FEW:
            high = max(label.count(", ") for label in labels) + 1
            axis = alt.Axis(
                orient="top", labelAngle=0, labelExpr="split(datum.label, ', ')", labelPadding=LINE * high - LINE / 2
            )
        else:
            axis = alt.Axis(orient="top", labelAngle=-90, labelLimit=260)
        x = alt.X("label:N", title=None, scale=alt.Scale(domain=labels), axis=axis)
        y = alt.Y("variant:N", title=None, scale=alt.Scale(domain=lines))
        chart = alt.Chart(alt.NamedData("data")).encode(x=x, y=y)
        strength = alt.Scale(domain=[0, 100], range=[0.04, 1], clamp=True)
        base = chart.transform_calculate(strong=f"datum.excess > {100 * STRONG}")
        told = ["variant:N", "label:N", *(alt.Tooltip(f"{name}:Q", format=".1f") for name in shares)]
        ink = alt.condition("datum.strong", alt.value("$on-heat"), alt.value("$ink"))
        layers = [
            base.mark_rect(stroke="$paper", strokeWidth=1.5, color="$heat-high").encode(
                opacity=alt.Opacity("excess:Q", scale=strength, legend=None), tooltip=told
            ),
            base.mark_text(fontSize=12).encode(text=alt.Text("value:Q", format=".1f"), color=ink),
        ]
        for column, line in (("clear", lines[0]), ("control", lines[-1])):
            # Vega-Lite takes two aggregates of one name for the same.
            anchor = chart.transform_aggregate(**{f"at_{column}": f"max({column})"}, groupby=["label"])
            anchor = anchor.transform_calculate(variant=f"'{line}'")
            layers += [
                anchor.mark_rect(stroke="$paper", strokeWidth=1.5, color="$band"),
                anchor.mark_text(fontSize=12, color="$ink").encode(text=alt.Text(f"at_{column}:Q", format=".1f")),
            ]
        most = rows.loc[rows.value.idxmax()] if rows.value.notna().any() else None
        says = "Rank-1 linkability in per cent: a row per variant, a column per attack."
        if most is not None:
            says += f" The most is {most.value:.1f}, of {most.label} on {most.variant}."
        spec = alt.layer(*layers).properties(width="container", height=ROW * len(lines)).to_dict()
        title = f"What attackers reach: {PLURAL[region]}, {people}"
        yield Chart(slug("attacks", people, region), title, says, spec, data, most_wide=260 + 130 * len(labels))


def _table(attacks: pd.DataFrame, privacy: pd.DataFrame) -> Table:
    """Rank 1 with its anchors, and beside it the values of every other criterion."""
    keys = ["people", "path", *ATTACK]
    others = privacy[privacy.criterion != RANK1].rename(columns={"dataset": "people", "variant": "path"})
    others = others.drop_duplicates([*keys, "criterion"]).assign(value=lambda rows: 100 * rows.value.astype(float))
    names = others.criterion.drop_duplicates().tolist()
    wide = others.pivot(index=keys, columns="criterion", values="value").round(2).reset_index()
    table = attacks.merge(wide, on=keys, how="left")
    more = {name: Column(f"{words(name)} %", 1) for name in names}
    return Table("attacks", "What every attack reaches, in per cent", table, _known(table, ATTACKS) | more)
