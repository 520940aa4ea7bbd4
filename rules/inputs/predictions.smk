# Inputs and parameters of the rules of predictions.smk.

from anonbench.config.cells import shown_variant


def evaluation_manifest(wildcards):
    """The validation images that a model is shown."""
    variant = shown_variant(wildcards.variant, wildcards.evaluated_on)
    return f"resources/variants/{wildcards.dataset}/val/{variant}/manifest.json"
