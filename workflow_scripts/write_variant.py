"""Anonymize the images of a split, or link the originals, and write the manifest."""

from pathlib import Path

from anonbench.anonymize.variant import write_variant
from anonbench.job import job
from anonbench.matrix import ORIGINAL, Variant

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    annotations = Path(snakemake.input.annotations)
    regions, generator = snakemake.input.get("regions"), snakemake.input.get("generator")
    variant = Variant(wildcards.region, wildcards.method, wildcards.level) if regions else Variant()
    write_variant(
        annotations=annotations,
        regions=Path(regions) if regions else None,
        images_dir=annotations.parent.parent / "images" / wildcards.split,
        out_dir=Path(snakemake.output.images),
        manifest=Path(snakemake.output.manifest),
        dataset=wildcards.dataset,
        split=wildcards.split,
        variant=str(variant),
        method=None if str(variant) == ORIGINAL else variant.method,
        params=dict(snakemake.params.get("spec", {})),
        seed=0,
        workers=snakemake.threads,
        generator=Path(generator) if generator else None,
        device=snakemake.config.get("runtime", {}).get("device", "auto"),
    )
