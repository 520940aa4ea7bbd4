"""Train a generator on the people of one split; resumes from the last snapshot of a killed run."""

from pathlib import Path

from anonbench.generators.train import Schedule, train_generator
from anonbench.workflow.job import job

SCHEDULE = "epochs", "batch", "snapshot_every", "max_people", "seed"

with job(snakemake.log[0]):
    spec, runtime = snakemake.params.spec, snakemake.config.get("runtime", {})
    settings = dict(spec["generator"])
    texture, vgg16, inception = (settings.pop(key) for key in ("texture", "vgg16", "inception"))
    schedule = Schedule(**{key: settings.pop(key) for key in SCHEDULE})
    annotations, regions = Path(snakemake.input.annotations), Path(snakemake.input.regions)
    train_generator(
        annotations=annotations,
        regions=regions,
        images_dir=annotations.parent.parent / "images" / annotations.stem,
        out_dir=Path(snakemake.output.generator).parent,
        settings=settings,
        schedule=schedule,
        texture=texture,
        vgg16=vgg16,
        inception=inception,
        device=runtime.get("device", "auto"),
        precision=spec["precision"],
        threads=snakemake.threads,
    )
