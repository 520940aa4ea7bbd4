"""Say what a model's predictions on the validation images do wrong, and what each kind of error costs."""

from anonbench.common.files import read_made
from anonbench.common.records import write_record
from anonbench.config.cells import Cell
from anonbench.evaluate.errors.diagnose import diagnose_cell
from anonbench.models.predictions import read_predictions
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    cell = Cell(wildcards.dataset, wildcards.model, wildcards.variant, int(wildcards.seed), wildcards.evaluated_on)
    annotations, predictions = read_made(snakemake.input.annotations), read_predictions(snakemake.input.predictions)
    write_record(snakemake.output[0], diagnose_cell(cell, annotations, predictions, snakemake.params.tasks))
