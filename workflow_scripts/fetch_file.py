"""Fetch one of a dataset's files from its mirrors and verify it."""

from pathlib import Path

from anonbench.datasets.fetch import fetch
from anonbench.datasets.locate import remote_files, role_of
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    spec = snakemake.config["datasets"][snakemake.wildcards.dataset]
    fetch(remote_files(spec)[role_of(spec, snakemake.wildcards.file_name)], Path(snakemake.output[0]))
