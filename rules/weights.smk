# Published weights that models start from: fetched once, verified, kept as tensors alone.


def local_weights(wildcards):
    """The file on this machine that the configuration names instead of the address."""
    return CONFIG.weights[wildcards.weights].file or []


def weights_of(config):
    """The weights that a model config and its bases start from."""
    return [f"resources/weights/{name}.safetensors" for name in model_config_weights(config)]


rule fetch_weights:
    input:
        file=local_weights,
    output:
        "resources/weights/{weights}.safetensors",
    params:
        spec=lambda w: CONFIG.weights[w.weights].model_dump(mode="json", exclude={"file"}),
    log:
        "logs/fetch_weights/{weights}.log",
    priority: 100
    script:
        "../workflow_scripts/fetch_weights.py"
