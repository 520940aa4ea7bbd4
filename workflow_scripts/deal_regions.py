"""Deal the images that have regions out to shards: one list each."""

from pathlib import Path

from anonbench.anonymize.worklist import deal, work_of, write_lists
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    work = work_of(Path(snakemake.input.originals), Path(snakemake.input.regions), wildcards.dataset, wildcards.split)
    write_lists(deal(work, int(wildcards.shards)), Path(snakemake.output.lists), Path(snakemake.output.manifest))
