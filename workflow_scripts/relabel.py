"""Make the labels of a variant's training images again, with the model of the originals."""

from pathlib import Path

from anonbench.config.runtime import RuntimeConfig
from anonbench.labels.relabel import relabel
from anonbench.variants.variant_images import VariantFiles
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    files = snakemake.input
    relabel(
        run_dir=Path(files.checkpoint).parent,
        annotations=Path(files.annotations),
        regions=Path(files.regions),
        images=VariantFiles(manifest=files.manifest, originals=snakemake.params.originals),
        out=Path(snakemake.output[0]),
        runtime=RuntimeConfig.model_validate(snakemake.config["runtime"] | {"threads": snakemake.threads}),
    )
