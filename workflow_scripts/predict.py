"""Let a trained model predict on the validation images."""

from pathlib import Path

from anonbench.config.runtime import RuntimeConfig
from anonbench.models.predict import predict
from anonbench.models.predictions import write_predictions
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    predictions = predict(
        Path(snakemake.input.checkpoint).parent,
        Path(snakemake.input.annotations),
        Path(snakemake.input.manifest).parent / "images",
        RuntimeConfig.model_validate(snakemake.config["runtime"] | {"threads": snakemake.threads}),
    )
    write_predictions(snakemake.output[0], predictions)
