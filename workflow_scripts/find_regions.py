"""Find the pixels of every face or body of a split."""

from pathlib import Path

from anonbench.common.files import write_json
from anonbench.regions.build import build_regions
from anonbench.workflow.job import job

with job(snakemake.log[0]) as log:
    annotations = Path(snakemake.input.annotations)
    split = snakemake.wildcards.split
    found = build_regions(
        annotations,
        annotations.parent.parent / "images" / split,
        snakemake.wildcards.region,
        dict(snakemake.params.spec),
        device=snakemake.config.get("runtime", {}).get("device", "auto"),
    )
    write_json(snakemake.output[0], found)
    log.info("%s regions of %s/%s: %s", snakemake.wildcards.region, snakemake.wildcards.dataset, split, found["counts"])
