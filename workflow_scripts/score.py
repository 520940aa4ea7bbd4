"""Score a model's predictions on the validation images: one cell of the result matrix."""

from anonbench.common.files import read_made
from anonbench.config.cells import Cell
from anonbench.evaluate.cell import write_cell
from anonbench.evaluate.score import score_cell
from anonbench.models.predictions import read_predictions
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    wildcards = snakemake.wildcards
    cell = Cell(wildcards.dataset, wildcards.model, wildcards.variant, int(wildcards.seed), wildcards.evaluated_on)
    annotations, predictions = read_made(snakemake.input.annotations), read_predictions(snakemake.input.predictions)
    write_cell(snakemake.output[0], score_cell(cell, annotations, predictions, snakemake.params.tasks))
