"""Verify one of a dataset's files, wherever it lies, once for all splits."""

from pathlib import Path

from anonbench.datasets.sources import RemoteFile
from anonbench.datasets.verify import verify
from anonbench.files import write_json
from anonbench.job import job

with job(snakemake.log[0]):
    file = RemoteFile(snakemake.wildcards.file_name, urls=(), **snakemake.params.spec)
    write_json(snakemake.output[0], verify(Path(snakemake.input[0]), file))
