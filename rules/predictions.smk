# checkpoint x evaluation images -> what the model finds on them, whatever is scored of it.


def evaluation_manifest(wildcards):
    """The validation images: the originals, or those anonymized as the training images were."""
    variant = ORIGINAL if wildcards.evaluated_on == "original" else wildcards.variant
    return f"resources/variants/{wildcards.dataset}/val/{variant}/manifest.json"


rule predict:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        manifest=evaluation_manifest,
        config="results/models/{dataset}/{model}/{variant}/seed{seed}/config.py",
        checkpoint="results/models/{dataset}/{model}/{variant}/seed{seed}/checkpoint.safetensors",
    output:
        "results/predictions/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json.gz",
    params:
        pins=MODEL_PINS,
        code=code("predict"),
    log:
        "logs/predict/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.log",
    priority: 10
    threads: CONFIG.runtime.threads
    script:
        "../workflow_scripts/predict.py"
