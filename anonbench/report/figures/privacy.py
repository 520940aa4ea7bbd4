"""Utility against privacy."""

from __future__ import annotations

from collections.abc import Sequence

from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.panels import Panel


class Privacy(Figure):
    """What an attacker can still learn of the people in every variant."""

    title = "Privacy"
    order = 70
    absent = "This study measures no attack. A small drop says nothing of how well somebody is hidden."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        return []
