"""Train a model on one variant with one seed; resumes from the last checkpoint of a killed run."""

from pathlib import Path

from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.launch import start
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    originals = Path("resources/datasets", snakemake.wildcards.dataset, "images/train")
    start(
        Training(
            model=ModelConfig.model_validate(snakemake.config["models"][snakemake.wildcards.model]),
            annotations=Path(snakemake.input.annotations),
            images=VariantFiles(manifest=snakemake.input.manifest, originals=originals),
            out_dir=Path(snakemake.output.checkpoint).parent,
            seed=int(snakemake.wildcards.seed),
            runtime=RuntimeConfig.model_validate(snakemake.config["runtime"]),
        ),
        threads=snakemake.threads,
    )
