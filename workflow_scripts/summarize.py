"""Gather all cells into the result matrix."""

from anonbench.common.files import read_json, write_text
from anonbench.report.summary import main_table, summarize
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    summary = summarize(read_json(path) for path in snakemake.input.cells)
    write_text(snakemake.output.csv, summary.to_csv(index=False, lineterminator="\n"))
    write_text(snakemake.output.markdown, main_table(summary))
