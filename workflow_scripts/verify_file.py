"""Verify one of a dataset's files, wherever it lies, once for all splits."""

from pathlib import Path

from anonbench.common.files import write_json
from anonbench.config.plugins import FORMATS
from anonbench.datasets.locate import remote_files, role_of
from anonbench.datasets.verify import verify
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    entry = snakemake.config["datasets"][snakemake.wildcards.dataset]
    dataset_format = FORMATS.create(entry["format"], entry)
    file = remote_files(dataset_format)[role_of(dataset_format, snakemake.wildcards.file_name)]
    write_json(snakemake.output[0], verify(Path(snakemake.input[0]), file).model_dump())
