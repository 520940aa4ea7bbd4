"""Anonymize the images of one shard of a split."""

from pathlib import Path

from anonbench.anonymize.variant import write_shard
from anonbench.anonymize.worklist import list_name
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    write_shard(
        work=Path(snakemake.input.lists).parent / "lists" / list_name(int(wildcards.shard)),
        originals=Path(snakemake.input.originals),
        out_dir=Path(snakemake.output.images),
        manifest=Path(snakemake.output.manifest),
        method=wildcards.method,
        params=dict(snakemake.params.spec),
        seed=0,
        workers=snakemake.threads,
        generators=[Path(path) for path in snakemake.input.get("generators", [])],
        device=snakemake.config.get("runtime", {}).get("device", "auto"),
        log_file=Path(snakemake.log[0]),
    )
