"""What every figure of the report owes: a section of the page."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from anonbench.common.plugins import Plugin
from anonbench.report.findings import Findings
from anonbench.report.panels import Panel, Section


class Figure(Plugin):
    """A section of the report. All that exist are drawn; nothing names them in the configuration."""

    title: ClassVar[str]
    """The section's heading."""
    order: ClassVar[int] = 1000
    """Its place: the least comes first."""
    absent: ClassVar[str] = ""
    """What the section says where there is nothing to draw; it is left out where this is empty."""

    @abstractmethod
    def draw(self, findings: Findings) -> Sequence[Panel]:
        """The section's panels; none where the study has nothing of the kind."""

    def lead(self, findings: Findings) -> str:
        """What the section shows, in a sentence or two; by default the docstring's first line."""
        return (type(self).__doc__ or "").strip().partition("\n")[0]

    def section(self, findings: Findings) -> Section | None:
        """The section, or None where it is left out."""
        panels = self.draw(findings)
        if not panels and not self.absent:
            return None
        return Section(self.name, self.title, self.lead(findings) if panels else self.absent, panels)
