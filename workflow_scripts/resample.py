"""Score a model's predictions on many resamples of the validation images."""

from anonbench.common.files import read_made
from anonbench.evaluate.bootstrap import bootstrap
from anonbench.evaluate.draws import draw
from anonbench.evaluate.replicates import write_replicates
from anonbench.models.predictions import read_predictions
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    params = snakemake.params
    annotations, predictions = read_made(snakemake.input.annotations), read_predictions(snakemake.input.predictions)
    draws = draw(annotations["images"], params.resamples, params.seed)
    write_replicates(
        snakemake.output[0], bootstrap(annotations, predictions, params.tasks, draws, threads=snakemake.threads)
    )
