"""Link the originals of a split, each checked once, and write their manifest."""

from pathlib import Path

from anonbench.anonymize.originals import write_originals
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    annotations = Path(snakemake.input.annotations)
    write_originals(
        annotations=annotations,
        images_dir=annotations.parent.parent / "images" / wildcards.split,
        out_dir=Path(snakemake.output.images),
        manifest=Path(snakemake.output.manifest),
        dataset=wildcards.dataset,
        split=wildcards.split,
    )
