"""Let a trained model predict on the validation images."""

from pathlib import Path

from anonbench.config.runtime import RuntimeConfig
from anonbench.models.predict import predict
from anonbench.models.predictions import write_predictions
from anonbench.variants.variant_images import VariantFiles
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    annotations = Path(snakemake.input.annotations)
    originals = annotations.parent.parent / "images" / annotations.stem
    predictions = predict(
        Path(snakemake.input.checkpoint).parent,
        annotations,
        VariantFiles(manifest=snakemake.input.manifest, originals=originals),
        RuntimeConfig.model_validate(snakemake.config["runtime"] | {"threads": snakemake.threads}),
    )
    write_predictions(snakemake.output[0], predictions)
