"""Evaluate a trained model on the validation images: one cell of the result matrix."""

from pathlib import Path

from anonbench.common.files import read_json, write_json
from anonbench.evaluate.cell import cell
from anonbench.models.predict import predict
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    annotations = Path(snakemake.input.annotations)
    results = predict(
        Path(snakemake.input.checkpoint).parent,
        annotations,
        Path(snakemake.input.manifest).parent / "images",
        device=snakemake.config.get("runtime", {}).get("device", "auto"),
        threads=snakemake.threads,
    )
    write_json(
        snakemake.output[0],
        cell(
            wildcards.dataset,
            wildcards.model,
            wildcards.variant,
            int(wildcards.seed),
            wildcards.evaluated_on,
            read_json(annotations),
            {task: results[task] for task in snakemake.params.spec["tasks"]},
        ),
    )
