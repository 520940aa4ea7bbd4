"""Training curves of the models."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from anonbench.config.cells import Variant
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import slug, words
from anonbench.report.panels import Chart, Panel


class Trainings(Figure):
    """The loss of every training: one that did not converge says little of its data."""

    title = "Training"
    order = 60

    def draw(self, findings: Findings) -> Sequence[Panel]:
        several = findings.trainings.groupby("model").dataset.nunique()
        charts = []
        for (dataset, model), rows in findings.trainings.groupby(["dataset", "model"], sort=True):
            mean = rows.groupby(["variant", "step"], as_index=False).loss.mean()
            mean["loss"] = mean.loss.round(5)
            parts = mean.variant.map(Variant.parse)
            mean["region"], mean["method"] = [part.region for part in parts], [words(part.method) for part in parts]
            spec = (
                alt.Chart(alt.NamedData("data"))
                .mark_line(strokeWidth=1.5)
                .encode(
                    x=alt.X("step:Q", title="logged step"),
                    y=alt.Y("loss:Q", title="loss", scale=alt.Scale(zero=False)),
                    detail="variant:N",
                    color=alt.Color("method:N", title=None, legend=alt.Legend(columns=3, symbolType="stroke")),
                    strokeDash=alt.StrokeDash("region:N", title=None, legend=alt.Legend(symbolType="stroke")),
                    tooltip=["variant:N", "step:Q", alt.Tooltip("loss:Q", format=".4f")],
                )
                .properties(width="container", height=240)
            )  # fmt: skip
            title = model if several[model] == 1 else f"{model} on {dataset}"
            says = f"Training loss of {model} on {dataset} by variant, mean over seeds."
            charts.append(Chart(slug("training", dataset, model), title, says, spec.to_dict(), mean, wide=False))
        return charts
