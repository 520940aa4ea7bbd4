"""Link the originals of a split, each checked once, and write their manifest."""

from pathlib import Path

from anonbench.anonymize.originals import link_originals
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    annotations = Path(snakemake.input.annotations)
    link_originals(
        annotations=annotations,
        images_dir=annotations.parent.parent / "images" / snakemake.wildcards.split,
        out_dir=Path(snakemake.output.images),
        manifest=Path(snakemake.output.manifest),
        dataset=snakemake.wildcards.dataset,
        split=snakemake.wildcards.split,
    )
