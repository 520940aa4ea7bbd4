# variant x labels x model x seed -> checkpoint, from published weights where the model config names some.


include: "inputs/models.smk"


localrules:
    fetch_weights,


# Neither the address nor the code is a parameter: another one for the same bytes would fetch everything again.
rule fetch_weights:
    input:
        file=local_weights,
    output:
        "resources/weights/{weights}.safetensors",
    log:
        "logs/fetch_weights/{weights}.log",
    benchmark:
        "logs/fetch_weights/{weights}.tsv"
    priority: 100
    conda:
        "../envs/models.yaml"
    resources:
        **needs("fetch_weights"),
    params:
        sha256=lambda w: CONFIG.weights[w.weights].sha256,
    script:
        "../workflow_scripts/fetch_weights.py"


# Neither the tasks nor the model config's path are parameters: tasks decide what is scored, not what is learned, and the
# same config is found elsewhere when the workflow moves.
rule train_model:
    input:
        annotations=training_labels,
        manifest=training_manifest,
        weights=weights_of,
    output:
        config="results/models/{dataset}/{model}/{variant}/seed{seed}/config.py",
        checkpoint="results/models/{dataset}/{model}/{variant}/seed{seed}/checkpoint.safetensors",
        scalars="results/models/{dataset}/{model}/{variant}/seed{seed}/scalars.json",
    log:
        "logs/train_model/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "logs/train_model/{dataset}/{model}/{variant}/seed{seed}.tsv"
    conda:
        "../envs/models.yaml"
    threads: cpus("train_model")
    resources:
        **needs("train_model"),
    params:
        model_config=lambda w: digest_of(CONFIG.models[w.model].config),
        precision=CONFIG.runtime.precision,
        pins=MODEL_PINS,
        code=code("train_model"),
    script:
        "../workflow_scripts/train_model.py"
