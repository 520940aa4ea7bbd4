"""Generators and how they learned."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import slug
from anonbench.report.panels import Chart, Fragment, Panel
from anonbench.report.pictures import GeneratorSheet


class Generators(Figure):
    """The people that the generators make, and how their measures went during the training."""

    title = "Generators"
    order = 50
    absent = "No method of the study uses a generator that the workflow trained."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        panels: list[Panel] = []
        for sheet in findings.generators:
            panels.append(Fragment("generator.html", {"sheet": sheet}))
            if len(sheet.snapshots) > 1:
                panels.append(_curves(sheet))
        return panels


def _curves(sheet: GeneratorSheet) -> Chart:
    rows = [
        {"epoch": snapshot["epoch"], "kind": kind, "measure": name, "value": value}
        for snapshot in sheet.snapshots
        for kind in ("quality", "losses")
        for name, value in snapshot[kind].items()
        if isinstance(value, int | float) and name != "people"
    ]
    data = pd.DataFrame(rows)
    data = data[data.kind == "quality"] if (data.kind == "quality").any() else data
    spec = (
        alt.Chart(alt.NamedData("data"))
        .mark_line(point=True)
        .encode(
            x=alt.X("epoch:Q", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("value:Q", title=None),
            color=alt.Color("measure:N", title=None, legend=alt.Legend(columns=2, labelLimit=200, symbolType="stroke")),
            tooltip=["measure:N", "epoch:Q", alt.Tooltip("value:Q", format=".3f")],
        )
        .properties(width="container", height=220)
    )
    says = f"Measures of {sheet.name} at every snapshot; docs/generators.md says what each one is."
    return Chart(
        slug("generator", sheet.name), f"{sheet.name}: measures by epoch", says, spec.to_dict(), data, wide=False
    )
