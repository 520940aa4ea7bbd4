"""Verify one of a dataset's files, wherever it lies, once for all splits."""

from pathlib import Path

from anonbench.common.files import write_json
from anonbench.datasets.locate import remote_files, role_of
from anonbench.datasets.verify import verify
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    spec = snakemake.config["datasets"][snakemake.wildcards.dataset]
    file = remote_files(spec)[role_of(spec, snakemake.wildcards.file_name)]
    write_json(snakemake.output[0], verify(Path(snakemake.input[0]), file))
