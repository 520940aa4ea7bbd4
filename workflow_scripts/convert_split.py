"""Convert one split of a dataset to the common form: images, and a COCO JSON that lists them by content."""

from pathlib import Path

from anonbench.datasets.prepare import prepare
from anonbench.job import job

with job(snakemake.log[0]):
    archive = snakemake.input.get("archive")
    prepare(
        snakemake.params.spec["dataset"],
        snakemake.wildcards.split,
        archive=Path(archive) if archive else None,
        images_dir=Path(snakemake.output.images),
        annotations=Path(snakemake.output.annotations),
        dataset=snakemake.wildcards.dataset,
    )
