# Published weights that models start from: fetched once, verified, kept as tensors alone.


def local_weights(wildcards):
    """The file on this machine that the configuration names instead of the address."""
    return CONFIG.weights[wildcards.weights].file or []


def weights_of(config):
    """The weights that a model config and its bases start from."""
    return [f"resources/weights/{name}.safetensors" for name in model_config_weights(config)]


# The address is no parameter: another one for the same bytes would train everything again.
rule fetch_weights:
    input:
        file=local_weights,
    output:
        "resources/weights/{weights}.safetensors",
    params:
        sha256=lambda w: CONFIG.weights[w.weights].sha256,
    log:
        "logs/fetch_weights/{weights}.log",
    priority: 100
    script:
        "../workflow_scripts/fetch_weights.py"
