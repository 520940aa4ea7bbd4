"""Anonymize the images of a split, or compose the shards that did, and write the manifest."""

from pathlib import Path

from anonbench.anonymize.variant import compose, forget_shards, write_variant
from anonbench.config.cells import Variant
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    shards = [Path(path) for path in snakemake.input.get("shards", [])]
    common = {
        "originals": Path(snakemake.input.originals),
        "regions": Path(snakemake.input.regions),
        "out_dir": Path(snakemake.output.images),
        "manifest": Path(snakemake.output.manifest),
        "dataset": wildcards.dataset,
        "split": wildcards.split,
        "variant": str(Variant(wildcards.region, wildcards.method, wildcards.level)),
        "method": wildcards.method,
        "params": dict(snakemake.params.spec),
        "seed": 0,
    }
    if shards:
        compose(**common, shards=shards)
    else:
        write_variant(
            **common,
            workers=snakemake.threads,
            generators=[Path(path) for path in snakemake.input.get("generators", [])],
            device=snakemake.config.get("runtime", {}).get("device", "auto"),
            log_file=Path(snakemake.log[0]),
        )
    # The rule reads off them in how many shards this variant was made.
    forget_shards(common["manifest"].parent / "shards", but=shards)
