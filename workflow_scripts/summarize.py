"""Gather all cells into the result matrix."""

from anonbench.evaluate.cell import read_cell
from anonbench.report.summary import summarize, write_summary
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    write_summary(summarize(map(read_cell, snakemake.input.cells)), snakemake.output.csv, snakemake.output.markdown)
