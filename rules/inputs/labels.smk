# Inputs of the rule of labels.smk.

from anonbench.study.checks import check_remade


def redrawn_regions(wildcards):
    """The regions of the training images that a variant draws anew."""
    variant = Variant.parse(wildcards.variant)
    try:
        check_remade(CONFIG, wildcards.dataset, variant, "The target")
    except UserError as error:
        stop(error)
    return f"resources/regions/{wildcards.dataset}/train/{variant.region}.json"
