"""Anonymize the images of one shard of a split, or take what another study has made of the same."""

from pathlib import Path

from anonbench.anonymize.shard import anonymize_shard
from anonbench.anonymize.worklist import list_name
from anonbench.common.files import sha256_file
from anonbench.config.methods import EXTERNAL
from anonbench.variants.recipe import Recipe
from anonbench.workflow.job import job
from anonbench.workflow.shared import shared_or_made

with job(snakemake.log[0]) as running:
    recipe = Recipe.model_validate(snakemake.params.recipe)
    work = Path(snakemake.input.lists).parent / "lists" / list_name(int(snakemake.wildcards.shard))
    generators = [Path(path) for path in snakemake.input.generators]
    device = snakemake.config["runtime"]["device"]
    if generators:
        from anonbench.common.devices import pick_device

        device = pick_device(device)

    def make():
        anonymize_shard(
            work=work,
            images_dir=Path(snakemake.params.originals),
            recipe=recipe,
            edits=Path(snakemake.output.edits),
            manifest=Path(snakemake.output.manifest),
            generators=generators,
            device=device,
            workers=snakemake.threads,
            log_file=Path(snakemake.log[0]),
        )

    running.shared = shared_or_made(
        # What else a user's own command depends on is not known.
        None if recipe.plugin == EXTERNAL else snakemake.config["shared"],
        "variants",
        {
            "recipe": snakemake.params.recipe,
            "code": snakemake.params.code,
            "device": device.split(":")[0] if generators else None,
            "generators": [sha256_file(path) for path in generators],
            "list": sha256_file(work),
        },
        {name: Path(path) for name, path in snakemake.output.items()},
        make,
    )
