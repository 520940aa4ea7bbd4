"""Write the report of what a study has so far, and why each other cell is missing; nothing else is built."""

from pathlib import Path

from anonbench.config.config import read_config
from anonbench.report.main_table import Outputs, write_summary
from anonbench.report.partial import summarize_partly
from anonbench.report.writing import write_report
from anonbench.study.findings import finished_attacks, finished_audits, finished_cells, finished_drops, gather_findings
from anonbench.workflow.job import job

FOLDER = Path("results/partial")

with job(snakemake.log[0]) as running:
    config = read_config(snakemake.config)
    summary, audits = summarize_partly(finished_cells(config)), finished_audits(config)
    drops = finished_drops(config)
    privacy = finished_attacks(config)
    findings = gather_findings(config, summary, drops, audits, privacy)
    files = (FOLDER / name for name in ("summary.csv", "drops.csv", "privacy.csv", "audit.csv", "summary.md"))
    write_summary(summary, drops, privacy, audits, Outputs(*files))
    write_report(findings, FOLDER)
    running.log.info(
        "%d of %d cells are missing; %s/report.html shows the others, and why.",
        len(findings.missing),
        findings.provenance.cells,
        FOLDER,
    )
