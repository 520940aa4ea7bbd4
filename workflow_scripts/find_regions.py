"""Find the pixels of every face or body of a split."""

from pathlib import Path

from anonbench.common.records import write_record
from anonbench.config.regions import RegionsConfig
from anonbench.regions.build import build_regions
from anonbench.workflow.job import job

with job(snakemake.log[0]) as running:
    dataset, split, region = (snakemake.wildcards[key] for key in ("dataset", "split", "region"))
    annotations = Path(snakemake.input.annotations)
    found = build_regions(
        annotations,
        annotations.parent.parent / "images" / split,
        region,
        RegionsConfig.model_validate(snakemake.params.regions),
    )
    write_record(snakemake.output[0], found)
    running.log.info("%s regions of %s/%s: %s", region, dataset, split, found.counts)
