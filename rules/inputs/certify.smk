# Inputs and parameters of the rules of certify.smk.

from anonbench.report.certificate.texts import texts_digest
from anonbench.study.certified import (
    Certified,
    anchors_on,
    attacks_on,
    certified,
    generators_on,
    splits_of,
    subject_of,
)

CERTIFICATE_TEXTS = texts_digest()


def certified_of(wildcards):
    """The variant that a rule's wildcards spell; stops where it is not attacked."""
    found = Certified(wildcards.dataset, Variant(wildcards.region, wildcards.method, wildcards.level))
    if found not in certified(CONFIG):
        stop(
            UserError(
                f"{found.path}.json certifies {found.variant}, which no attack of `privacy` judges for {found.dataset}.",
                "Let a block of `privacy` that serves it attack this variant.",
            )
        )
    return found


def every_certificate(wildcards):
    """Those of all attacked variants."""
    found = certified(CONFIG)
    if not found:
        stop(
            UserError(
                "The configuration attacks no variant, so that there is nothing to certify.",
                "Add `attacks`, and a block of `privacy` that serves a dataset of the study.",
            )
        )
    return [f"{one.path}.json" for one in found]


def certified_attacks(wildcards):
    """What the attacks on the variant reach."""
    return [attacked.path for attacked in attacks_on(CONFIG, certified_of(wildcards))]


def certified_anchors(wildcards):
    """The same of the anchors."""
    return [attacked.path for attacked in anchors_on(CONFIG, certified_of(wildcards))]


def certified_splits(name):
    """A file of the variant of every split that is anonymized so."""

    def paths(wildcards):
        found = certified_of(wildcards)
        return [
            f"resources/variants/{dataset}/{split}/{found.variant}/{name}"
            for dataset, split in splits_of(CONFIG, found)
        ]

    return paths


def certified_generators(wildcards):
    """The files of the generators that make its people."""
    return [generator_file(name) for name in generators_on(CONFIG, certified_of(wildcards))]


def certified_subject(wildcards):
    """What is certified, as the configuration has it."""
    found = certified_of(wildcards)
    kind = kind_of(CONFIG, wildcards.method, wildcards.level, wildcards.region)
    method = [METHODS.module(CONFIG.method_plugin(wildcards.method, wildcards.level, wildcards.region))]
    kinds = [KINDS.module(kind)] if kind else []
    steps = {"anonymizing": code("anonymize_shard", *method, *kinds)}
    for attacked in attacks_on(CONFIG, found):
        plugin = ATTACKS.module(CONFIG.attacks[attacked.attack].attack)
        steps[f"attack {attacked.attack}"] = code("attack", plugin, *method, *kinds)
    return subject_of(CONFIG, found, steps).model_dump(mode="json")
