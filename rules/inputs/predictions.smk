# Inputs and parameters of the rules of predictions.smk.


def evaluation_manifest(wildcards):
    """The validation images: the originals, or those anonymized as the training images were."""
    variant = ORIGINAL if wildcards.evaluated_on == "original" else wildcards.variant
    return f"resources/variants/{wildcards.dataset}/val/{variant}/manifest.json"
