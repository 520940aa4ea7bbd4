"""Write the report of a finished study: the page with its figures, the recommendation, and the main table."""

from pathlib import Path

from anonbench.config.config import read_config
from anonbench.report.drops import read_drops
from anonbench.report.risk.table import read_privacy
from anonbench.report.tables import read_table
from anonbench.report.writing import write_report
from anonbench.study.findings import gather_findings
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    config = read_config(snakemake.config)
    summary, audits = read_table(snakemake.input.summary), read_table(snakemake.input.audit)
    privacy = read_privacy(snakemake.input.privacy)
    findings = gather_findings(config, summary, read_drops(snakemake.input.drops), audits, privacy)
    write_report(findings, Path(snakemake.output.html).parent)
