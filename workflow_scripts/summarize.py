"""Gather all cells into the result matrix, and all variants' audits into a table beside it."""

from anonbench.common.records import read_record
from anonbench.evaluate.cell import read_cell
from anonbench.report.audit import audit_table
from anonbench.report.summary import summarize, write_summary
from anonbench.variants.audit import VariantAudit
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    audits = audit_table(read_record(VariantAudit, path) for path in snakemake.input.audits)
    write_summary(
        summarize(map(read_cell, snakemake.input.cells)),
        audits,
        csv=snakemake.output.csv,
        markdown=snakemake.output.markdown,
        audit=snakemake.output.audit,
    )
