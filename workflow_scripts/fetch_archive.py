"""Fetch a dataset's archive from its official address and verify it."""

from pathlib import Path

from anonbench.datasets.fetch import archive_source, fetch
from anonbench.datasets.registry import format_module
from anonbench.job import job

with job(snakemake.log[0]):
    spec = snakemake.params.spec
    fetch(archive_source(format_module(spec["format"]).ARCHIVE, spec), Path(snakemake.output[0]))
