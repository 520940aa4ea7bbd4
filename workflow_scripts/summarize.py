"""Gather all cells into the result matrix."""

from anonbench.files import read_json, write_text
from anonbench.job import job
from anonbench.report.summary import main_table, summarize

with job(snakemake.log[0]):
    summary = summarize(read_json(path) for path in snakemake.input.cells)
    write_text(snakemake.output.csv, summary.to_csv(index=False, lineterminator="\n"))
    write_text(snakemake.output.markdown, main_table(summary))
