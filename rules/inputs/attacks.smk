# Inputs and parameters of the rules of attacks.smk.

from anonbench.config.plugins import ATTACKS
from anonbench.config.privacy import Attacked
from anonbench.study.needs import inspected, inspected_names, looked_at

# The attacker's own people, and those who are attacked.
ATTACKED_SPLITS = ("train", "val")


def attacked_of(wildcards):
    """The attack that a rule's wildcards spell."""
    return Attacked(wildcards.dataset, wildcards.attacked, wildcards.attack)


def attacked_regions(wildcards):
    """The regions of both splits."""
    region = attacked_of(wildcards).region
    return [f"resources/regions/{wildcards.dataset}/{split}/{region}.json" for split in ATTACKED_SPLITS]


def attacked_manifests(wildcards):
    """What is attacked; nothing for an anchor, which is made of the originals."""
    attacked = attacked_of(wildcards)
    if attacked.made is None:
        return []
    folder = f"resources/variants/{wildcards.dataset}"
    return [f"{folder}/{split}/{attacked.variant}/manifest.json" for split in ATTACKED_SPLITS]


def attacked_generators(wildcards):
    """The generators that made the people, for an attack that looks into them; none for any other."""
    return [generator_file(name) for name in inspected_names(CONFIG, attacked_of(wildcards))]


def inspected_generators(wildcards):
    """The same as records."""
    return inspected(CONFIG, attacked_of(wildcards))


def learned_by_attacked(pattern):
    """Of each of those a file of the split that it learned from, and of one that it has never seen."""

    def paths(wildcards):
        return [
            pattern.format(dataset=dataset, split=split, region=generator.region)
            for generator in inspected_generators(wildcards)
            for dataset, split in looked_at(generator)
        ]

    return paths


def attacked_recipe(wildcards):
    """How the people were anonymized; None for an anchor."""
    made = attacked_of(wildcards).made
    return made and recipe_for(made)


def attack_code(wildcards):
    """The code of an attack, and of the method that it knows."""
    made = attacked_of(wildcards).made
    modules = [ATTACKS.module(CONFIG.attacks[wildcards.attack].attack)]
    if made:
        modules.append(METHODS.module(CONFIG.method_plugin(made.method, made.level, made.region)))
    modules += [KINDS.module(generator.kind) for generator in inspected_generators(wildcards)]
    return code("attack", *modules)
