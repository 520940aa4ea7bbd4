# checkpoint x evaluation images -> one cell.


def evaluation_manifest(wildcards):
    """The validation images: the originals, or those anonymized as the training images were."""
    variant = ORIGINAL if wildcards.evaluated_on == "original" else wildcards.variant
    return f"resources/anonymized/{wildcards.dataset}/val/{variant}/manifest.json"


rule evaluate:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        manifest=evaluation_manifest,
        config="results/models/{dataset}/{model}/{variant}/seed{seed}/config.py",
        checkpoint="results/models/{dataset}/{model}/{variant}/seed{seed}/checkpoint.safetensors",
        code=stage_code("evaluate"),
    output:
        "results/cells/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json",
    params:
        spec=lambda w: {"tasks": CONFIG.models[w.model].tasks, "pins": MODEL_PINS | SCORING_PINS},
    log:
        "logs/evaluate/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.log",
    priority: 10
    threads: CONFIG.runtime.threads
    script:
        "../workflow_scripts/evaluate.py"
