"""Check the originals of a split, and whether training and validation fit each other, and write their manifest."""

from pathlib import Path

from anonbench.anonymize.originals import check_originals
from anonbench.datasets.agreement import check_agreement
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    annotations = Path(snakemake.input.annotations)
    if snakemake.input.other:
        check_agreement(annotations.with_name("train.json"), annotations.with_name("val.json"))
    check_originals(
        annotations=annotations,
        images_dir=annotations.parent.parent / "images" / snakemake.wildcards.split,
        manifest=Path(snakemake.output[0]),
        dataset=snakemake.wildcards.dataset,
        split=snakemake.wildcards.split,
    )
