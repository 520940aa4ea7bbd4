"""Write a variant's images as files."""

from pathlib import Path

from anonbench.anonymize.export import export_variant
from anonbench.variants.variant_images import VariantFiles
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    export_variant(
        VariantFiles(manifest=snakemake.input.manifest, originals=snakemake.params.originals),
        Path(snakemake.output[0]),
    )
