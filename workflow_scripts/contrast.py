"""Find the validation images on which a variant's model and the originals' model differ most."""

from anonbench.common.files import read_made
from anonbench.common.records import write_record
from anonbench.evaluate.contrasts.contrast import contrast_models
from anonbench.models.predictions import read_predictions
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    predictions = read_predictions(snakemake.input.original), read_predictions(snakemake.input.variant)
    found = contrast_models(
        wildcards.dataset,
        wildcards.model,
        wildcards.variant,
        int(wildcards.seed),
        read_made(snakemake.input.annotations),
        predictions,
        snakemake.params.tasks,
    )
    write_record(snakemake.output[0], found)
