"""Fetch published weights, verify them and keep their tensors alone."""

from pathlib import Path

from anonbench.config.weights import WeightsConfig
from anonbench.models.weights import fetch_weights
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    fetch_weights(
        WeightsConfig.model_validate(snakemake.config["weights"][snakemake.wildcards.weights]),
        Path(snakemake.output[0]),
    )
