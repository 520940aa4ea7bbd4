"""How the study was made."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.panels import Column, Fragment, Panel, Table

SPENT = {
    "stage": Column("stage"), "jobs": Column("jobs", 0), "wall": Column("wall h", 2), "cpu": Column("CPU h", 2),
    "gpu": Column("GPU h", 2), "memory": Column("peak memory GB", 2), "disk": Column("disk GB", 3),
}  # fmt: skip


class HowItWasMade(Figure):
    """Versions, seeds, machines, time and the whole configuration."""

    title = "Provenance"
    order = 100

    def draw(self, findings: Findings) -> Sequence[Panel]:
        made = findings.provenance
        seeds = sorted(findings.summary.seed.unique())
        panels: list[Panel] = [Fragment("provenance.html", {"made": made, "seeds": seeds})]
        if made.spent:
            spent = pd.DataFrame([one.model_dump() for one in made.spent])
            spent[["memory", "disk"]] /= 1e9
            panels.append(Table("spent", "What the jobs took", spent, SPENT))
        return [*panels, Fragment("configuration.html", {"made": made})]
