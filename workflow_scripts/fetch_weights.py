"""Fetch published weights, verify them and keep their tensors alone."""

from pathlib import Path

from anonbench.job import job
from anonbench.train.weights import fetch_weights

with job(snakemake.log[0]):
    spec, local = snakemake.params.spec, snakemake.input.get("file")
    fetch_weights(spec["url"], spec["sha256"], Path(snakemake.output[0]), file=Path(local) if local else None)
