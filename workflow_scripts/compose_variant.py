"""Put a variant together of its shards and of the originals that they leave unchanged."""

from pathlib import Path

from anonbench.anonymize.compose import compose_variant
from anonbench.variants.recipe import Recipe
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    compose_variant(
        originals=Path(snakemake.input.originals),
        deal=Path(snakemake.input.deal),
        shards=[Path(path) for path in snakemake.input.shards],
        recipe=Recipe.model_validate(snakemake.params.recipe),
        variant=f"{wildcards.region}-{wildcards.method}-{wildcards.level}{wildcards.draw}",
        most_left=snakemake.params.most_left,
        manifest=Path(snakemake.output.manifest),
    )
