"""Images on which models differ most."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import pandas as pd

from anonbench.config.cells import Variant
from anonbench.report.contrasts import Contrast
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.names import GROUP, VARIANT, group_title, named
from anonbench.report.panels import Fragment, Panel


class Worst(Figure):
    """The validation images on which a variant's model and the originals' model differ most."""

    title = "Where models differ"
    order = 38
    absent = "No variant's model is compared with the originals' yet."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        hidden = [Fragment("hidden.html", {"datasets": findings.hidden})] if findings.hidden else []
        keys = [(one.dataset, one.task, one.model) for one in findings.contrasts]
        groups = pd.DataFrame(keys, columns=GROUP).drop_duplicates()
        names = _names(findings.contrasts)
        parts = groupby(zip(keys, findings.contrasts, strict=True), key=lambda part: part[0])
        shown = [
            Fragment(
                "worst.html", {"title": group_title(*key, groups), "contrasts": [one for _, one in of], "names": names}
            )
            for key, of in parts
        ]
        return [*hidden, *shown]

    def lead(self, findings: Findings) -> str:
        return (
            "The validation images on which the originals' model (left) and a variant's model (right) differ most: in"
            " the scores of the detections that match an instance, less those of the false ones. Thin white lines are"
            " the instances; detections are green where they match one, else orange and called false."
        )


def _names(contrasts: Sequence[Contrast]) -> dict[str, str]:
    """What the page calls each variant."""
    variants = list(dict.fromkeys(one.variant for one in contrasts))
    parsed = [Variant.parse(name) for name in variants]
    rows = pd.DataFrame([[getattr(one, name) for name in VARIANT] for one in parsed], columns=VARIANT)
    return dict(zip(variants, named(rows).variant, strict=True)) if variants else {}
