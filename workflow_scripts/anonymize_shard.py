"""Anonymize the images of one shard of a split."""

from pathlib import Path

from anonbench.anonymize.recipe import Recipe
from anonbench.anonymize.shard import anonymize_shard
from anonbench.anonymize.worklist import list_name
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    anonymize_shard(
        work=Path(snakemake.input.lists).parent / "lists" / list_name(int(snakemake.wildcards.shard)),
        originals=Path(snakemake.input.originals),
        recipe=Recipe.model_validate(snakemake.params.recipe),
        out_dir=Path(snakemake.output.images),
        manifest=Path(snakemake.output.manifest),
        generators=[Path(path) for path in snakemake.input.generators],
        device=snakemake.config["runtime"]["device"],
        workers=snakemake.threads,
        log_file=Path(snakemake.log[0]),
    )
