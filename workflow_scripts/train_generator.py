"""Train a generator on the people of one split; a killed run resumes from its last snapshot."""

from pathlib import Path

from anonbench.config.plugins import KINDS
from anonbench.generators.train import train_generator
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    config = snakemake.config["generators"][snakemake.wildcards.generator]
    annotations = Path(snakemake.input.annotations)
    train_generator(
        KINDS.create(config["kind"], config),
        annotations=annotations,
        regions=Path(snakemake.input.regions),
        images_dir=annotations.parent.parent / "images" / annotations.stem,
        out_dir=Path(snakemake.output.generator).parent,
        device=snakemake.config["runtime"]["device"],
        precision=snakemake.params.precision,
        threads=snakemake.threads,
    )
