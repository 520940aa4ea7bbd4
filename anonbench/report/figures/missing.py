"""Cells that are missing."""

from __future__ import annotations

from collections.abc import Sequence

from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.panels import Fragment, Panel


class Missing(Figure):
    """The cells that the study asks for and does not have, with the first missing job and the end of its log."""

    title = "Missing"
    order = 5

    def draw(self, findings: Findings) -> Sequence[Panel]:
        if not findings.missing:
            return []
        jobs: dict[str, list] = {}
        for cell in findings.missing:
            jobs.setdefault(cell.log, []).append(cell)
        return [Fragment("missing.html", {"jobs": jobs, "cells": findings.provenance.cells})]
