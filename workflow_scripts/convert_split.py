"""Convert one split of a dataset to the common form: images, and a COCO JSON that lists them by content."""

from pathlib import Path

from anonbench.config.plugins import FORMATS
from anonbench.datasets.prepare import prepare
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    prepare(
        FORMATS.create(snakemake.params.format["format"], snakemake.params.format),
        snakemake.wildcards.split,
        files=dict(zip(snakemake.params.roles, map(Path, snakemake.input.files), strict=True)),
        images_dir=Path(snakemake.output.images),
        annotations=Path(snakemake.output.annotations),
        dataset=snakemake.wildcards.dataset,
    )
