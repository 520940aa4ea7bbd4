"""Fetch published weights, verify them and keep their tensors alone."""

from pathlib import Path

from anonbench.models.weights import fetch_weights
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    url, local = snakemake.config["weights"][snakemake.wildcards.weights]["url"], snakemake.input.get("file")
    fetch_weights(url, snakemake.params.sha256, Path(snakemake.output[0]), file=Path(local) if local else None)
