"""Attack one variant of an attack dataset's people."""

from pathlib import Path

from anonbench.attacks.attack import Case
from anonbench.attacks.learned import learned_of
from anonbench.attacks.reading import read_pairs
from anonbench.attacks.run import run_attack
from anonbench.common.devices import pick_device
from anonbench.common.records import write_record
from anonbench.common.validation import validated
from anonbench.config.plugins import ATTACKS
from anonbench.config.privacy import CONTROL, Attacked, anchor
from anonbench.variants.recipe import Recipe
from anonbench.variants.variant_images import VariantFiles
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    attacked = Attacked(*(snakemake.wildcards[key] for key in ("dataset", "attacked", "attack")))
    attack = ATTACKS[snakemake.params.attack["attack"]]
    config = validated(attack.Config, snakemake.params.attack)
    inputs, asked = snakemake.input, snakemake.params

    def pairs(number):
        images = Path(inputs.annotations[number]).parent.parent / "images" / Path(inputs.annotations[number]).stem
        variants = [VariantFiles(manifest=manifest, originals=images) for manifest in inputs.variants]
        return read_pairs(
            Path(inputs.annotations[number]),
            Path(inputs.regions[number]),
            VariantFiles(manifest=inputs.originals[number], originals=images),
            variants[number] if variants else None,
            control=attacked.variant == anchor(attacked.region, CONTROL),
            surroundings=config.surroundings == "shown",
            widen=attack.widen,
        )

    recipe = snakemake.params.recipe
    case = Case(
        region=attacked.region,
        known=pairs(0),
        targets=pairs(1),
        recipe=Recipe.model_validate(recipe) if recipe else None,
        learned=tuple(
            learned_of(inputs.generators, inputs.learned, inputs.learned_regions, asked.datasets, asked.most)
        ),
        seed=config.seed,
        device=pick_device(snakemake.config["runtime"]["device"]),
    )
    write_record(snakemake.output[0], run_attack(attacked, config, case))
