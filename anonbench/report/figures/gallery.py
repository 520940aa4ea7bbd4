"""Training images before and after."""

from __future__ import annotations

from collections.abc import Sequence

from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.panels import Fragment, Panel


class BeforeAndAfter(Figure):
    """What the models saw: training images, and what each variant makes of them."""

    title = "Before and after"
    order = 40
    absent = "No variant's images are there."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        hidden = [Fragment("hidden.html", {"datasets": findings.hidden})] if findings.hidden else []
        return [*hidden, *(Fragment("gallery.html", {"gallery": one}) for one in findings.galleries if one.images)]
