"""What failed closed."""

from __future__ import annotations

from collections.abc import Sequence

from anonbench.report.audit import KEYS, SHARES
from anonbench.report.figure import Figure
from anonbench.report.findings import Findings
from anonbench.report.panels import Column, Panel, Table

ALWAYS = {"people": "people", "regions": "regions", "changed": "changed", "masked_out": "masked out", "left": "left"}


class Audit(Figure):
    """What became of everybody in every variant; a region that its method could not process is masked out."""

    title = "Audit"
    order = 90
    absent = "Nothing was anonymized yet."

    def draw(self, findings: Findings) -> Sequence[Panel]:
        audits = findings.audits
        if audits.empty:
            return []
        table = audits.assign(least_share=100 * audits.least_share, median_share=100 * audits.median_share)
        other = [
            name for name in audits.columns if name not in {*KEYS, *ALWAYS, *SHARES, "reasons"} and audits[name].any()
        ]
        columns = {key: Column(key) for key in KEYS}
        columns |= {name: Column(label, 0) for name, label in ALWAYS.items()}
        columns |= {name: Column(name.replace("_", " "), 0) for name in other}
        if audits.reasons.any():
            columns["reasons"] = Column("why masked out")
        columns |= {"least_share": Column("changed pixels, least %", 0), "median_share": Column("median %", 0)}
        return [Table("audit", "A row per variant of a split", table, columns)]
