# variant x model x seed -> checkpoint, from published weights where the model config names some.

from anonbench.models.config_files import model_config_digest, model_config_weights


def local_weights(wildcards):
    """The file on this machine that the configuration names instead of the address."""
    return CONFIG.weights[wildcards.weights].file or []


def weights_of(wildcards):
    """The weights that a model config and its bases start from."""
    names = model_config_weights(CONFIG.models[wildcards.model].config)
    return [f"resources/weights/{name}.safetensors" for name in names]


# Neither the address nor the code is a parameter: another one for the same bytes would fetch everything again.
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


# Neither the tasks nor the model config's path are parameters: tasks decide what is scored, not what is learned, and the
# same config is found elsewhere when the workflow moves.
rule train_model:
    input:
        annotations="resources/datasets/{dataset}/annotations/train.json",
        manifest="resources/variants/{dataset}/train/{variant}/manifest.json",
        weights=weights_of,
    output:
        config="results/models/{dataset}/{model}/{variant}/seed{seed}/config.py",
        checkpoint="results/models/{dataset}/{model}/{variant}/seed{seed}/checkpoint.safetensors",
        scalars="results/models/{dataset}/{model}/{variant}/seed{seed}/scalars.json",
    params:
        model_config=lambda w: model_config_digest(CONFIG.models[w.model].config),
        precision=CONFIG.runtime.precision,
        pins=MODEL_PINS,
        code=code("train_model"),
    log:
        "logs/train_model/{dataset}/{model}/{variant}/seed{seed}.log",
    threads: CONFIG.runtime.threads * CONFIG.runtime.gpus
    resources:
        gpus=CONFIG.runtime.gpus,
        **({"gres": f"gpu:{CONFIG.runtime.gpus}"} if CONFIG.runtime.gpus > 1 and CONFIG.runtime.device != "cpu" else {}),
    script:
        "../workflow_scripts/train_model.py"
