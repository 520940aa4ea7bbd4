"""Write the report of what a study has so far, and why each other cell is missing; nothing else is built."""

from anonbench.config.config import read_config
from anonbench.report.drops_file import plain_drops
from anonbench.report.partial import summarize_partly
from anonbench.report.summary import write_summary
from anonbench.report.writing import write_report
from anonbench.study.findings import finished_audits, finished_cells, gather_findings
from anonbench.workflow.job import job

FOLDER = "results/partial"

with job(snakemake.log[0]) as running:
    config = read_config(snakemake.config)
    summary, audits = summarize_partly(finished_cells(config)), finished_audits(config)
    findings = gather_findings(config, summary, plain_drops(summary), audits)
    files = {"csv": "summary.csv", "markdown": "summary.md", "audit": "audit.csv"}
    write_summary(summary, audits, **{name: f"{FOLDER}/{file}" for name, file in files.items()})
    write_report(findings, FOLDER)
    running.log.info(
        "%d of %d cells are missing; %s/report.html shows the others, and why.",
        len(findings.missing),
        findings.provenance.cells,
        FOLDER,
    )
