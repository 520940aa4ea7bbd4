"""What papers report, beside this study."""

from __future__ import annotations

from collections.abc import Sequence

from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.panels import Column, Panel, Table
from anonbench.report.published import beside

BESIDE = {
    "study": Column("study"), "place": Column("where"), "dataset": Column("dataset"), "task": Column("task"),
    "region": Column("region"), "method": Column("method"), "level": Column("level"), "model": Column("model here"),
    "metric": Column("metric"), "published": Column("published drop", 1), "here": Column("here", 1),
    "difference": Column("difference", 1), "read": Column("read"),
}  # fmt: skip
LISTED = {
    "study": Column("study"), "source": Column("source"), "place": Column("where"), "quantity": Column("what"),
    "original": Column("original", 1), "value": Column("anonymized", 1), "read": Column("read"),
}  # fmt: skip


class Published(Figure):
    """Drops that papers report, as far as their figures could be read, beside this study's where a cell matches."""

    title = "Published"
    order = 80

    def draw(self, findings: Findings) -> Sequence[Panel]:
        matched = beside(findings.published, findings.drops)
        tables = [Table("published-beside", "Published – here – difference, in points", matched, BESIDE)]
        if findings.published.empty:
            return []
        return [*(tables if len(matched) else []), Table("published", "As published", findings.published, LISTED)]
