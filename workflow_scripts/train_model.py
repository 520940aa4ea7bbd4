"""Train a model on one variant with one seed; resumes from the last checkpoint of a killed run."""

from pathlib import Path

from anonbench.common.files import sha256_file
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.launch import start
from anonbench.models.training import Training
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    start(
        Training(
            model=ModelConfig.model_validate(snakemake.config["models"][snakemake.wildcards.model]),
            annotations=Path(snakemake.input.annotations),
            images_dir=Path(snakemake.input.manifest).parent / "images",
            out_dir=Path(snakemake.output.checkpoint).parent,
            seed=int(snakemake.wildcards.seed),
            data_fingerprint=sha256_file(snakemake.input.manifest),
            runtime=RuntimeConfig.model_validate(snakemake.config["runtime"]),
        ),
        threads=snakemake.threads,
    )
