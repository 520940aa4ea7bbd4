# Inputs and parameters of the rules of models.smk.

from functools import cache

from anonbench.config.cells import images_of
from anonbench.models.config_files import model_config_digest, model_config_weights

# Thousands of trainings ask for the same few model configs.
weights_named_by = cache(model_config_weights)
digest_of = cache(model_config_digest)


def local_weights(wildcards):
    """The file on this machine that the configuration names instead of the address."""
    file = CONFIG.weights[wildcards.weights].file
    return own_file(file) if file else []


def weights_of(wildcards):
    """The weights that a model config and its bases start from."""
    names = weights_named_by(CONFIG.models[wildcards.model].config)
    return [f"resources/weights/{name}.safetensors" for name in names]


def training_labels(wildcards):
    """The labels that a model learns: the dataset's, or those that are re-made for the variant's images."""
    images = images_of(wildcards.variant)
    if images == wildcards.variant:
        return f"resources/datasets/{wildcards.dataset}/annotations/train.json"
    return f"results/labels/{wildcards.dataset}/{wildcards.model}/{images}/seed{wildcards.seed}/train.json"


def training_manifest(wildcards):
    """The images that it learns from."""
    return f"resources/variants/{wildcards.dataset}/train/{images_of(wildcards.variant)}/manifest.json"
