"""Train a model on one variant with one seed; resumes from the last checkpoint of a killed run."""

from pathlib import Path

from anonbench.common.files import sha256_file
from anonbench.models.launch import start
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    spec, runtime = snakemake.params.spec, snakemake.config.get("runtime", {})
    gpus = runtime.get("gpus", 1)
    start(
        gpus,
        model_config=Path(spec["model_config"]),
        annotations=Path(snakemake.input.annotations),
        images_dir=Path(snakemake.input.manifest).parent / "images",
        out_dir=Path(snakemake.output.checkpoint).parent,
        tasks=spec["tasks"],
        seed=int(snakemake.wildcards.seed),
        device=runtime.get("device", "auto"),
        precision=spec["precision"],
        threads=max(1, snakemake.threads // gpus),
        data_fingerprint=sha256_file(snakemake.input.manifest),
    )
