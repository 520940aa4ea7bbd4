"""Fetch one of a dataset's files from its mirrors and verify it."""

from pathlib import Path

from anonbench.config.plugins import FORMATS
from anonbench.datasets.fetch import fetch
from anonbench.datasets.locate import remote_files, role_of
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    entry = snakemake.config["datasets"][snakemake.wildcards.dataset]
    dataset_format = FORMATS.create(entry["format"], entry)
    file = remote_files(dataset_format)[role_of(dataset_format, snakemake.wildcards.file_name)]
    fetch(file, Path(snakemake.output[0]))
