"""Train a generator on the people of some splits; a killed run resumes from its last snapshot."""

from pathlib import Path

from anonbench.common.devices import pick_device
from anonbench.common.files import sha256_file
from anonbench.config.draws import without_draw
from anonbench.config.plugins import KINDS
from anonbench.generators.splits import splits_of
from anonbench.generators.train import train_generator
from anonbench.workflow.job import job
from anonbench.workflow.shared import shared_or_made

with job(snakemake.log[0]) as running:
    name, _ = without_draw(snakemake.wildcards.generator)
    config = snakemake.config["generators"][name] | {"seed": snakemake.params.learning["seed"]}
    splits = splits_of(snakemake.input.annotations, snakemake.input.regions)
    device = pick_device(snakemake.config["runtime"]["device"])

    def make():
        train_generator(
            KINDS.create(config["kind"], config),
            splits,
            out_dir=Path(snakemake.output.generator).parent,
            device=device,
            precision=snakemake.params.precision,
            threads=snakemake.threads,
        )

    running.shared = shared_or_made(
        snakemake.config["shared"],
        "generators",
        {
            **dict(snakemake.params.items()),
            "device": device.split(":")[0],
            "annotations": [sha256_file(files.annotations) for files in splits],
            "regions": [sha256_file(files.regions) for files in splits],
        },
        {name: Path(path) for name, path in snakemake.output.items()},
        make,
    )
