"""Deal the images that have regions out to shards: one list each."""

from pathlib import Path

from anonbench.anonymize.worklist import deal_regions
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    deal_regions(
        originals=Path(snakemake.input.originals),
        regions=Path(snakemake.input.regions),
        shards=int(snakemake.wildcards.shards),
        lists=Path(snakemake.output.lists),
        manifest=Path(snakemake.output.manifest),
    )
