# variant x model x seed -> checkpoint.


rule train:
    input:
        annotations="resources/datasets/{dataset}/annotations/train.json",
        manifest="resources/anonymized/{dataset}/train/{variant}/manifest.json",
        model=lambda w: model_config_files(CONFIG.models[w.model].config),
        weights=lambda w: weights_of(CONFIG.models[w.model].config),
        code=stage_code("train"),
    output:
        config="results/models/{dataset}/{model}/{variant}/seed{seed}/config.py",
        checkpoint="results/models/{dataset}/{model}/{variant}/seed{seed}/checkpoint.safetensors",
        scalars="results/models/{dataset}/{model}/{variant}/seed{seed}/scalars.json",
    params:
        spec=lambda w: {
            "model_config": CONFIG.models[w.model].config,
            "tasks": CONFIG.models[w.model].tasks,
            "precision": CONFIG.runtime.precision,
            "pins": MODEL_PINS,
        },
    log:
        "logs/train/{dataset}/{model}/{variant}/seed{seed}.log",
    threads: CONFIG.runtime.threads * CONFIG.runtime.gpus
    resources:
        gpus=CONFIG.runtime.gpus,
        **({"gres": f"gpu:{CONFIG.runtime.gpus}"} if CONFIG.runtime.gpus > 1 and CONFIG.runtime.device != "cpu" else {}),
    script:
        "../workflow_scripts/train.py"
