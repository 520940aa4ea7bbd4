# checkpoint x evaluation images -> what the model finds on them, whatever is scored of it.


include: "inputs/predictions.smk"


rule predict:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        manifest=evaluation_manifest,
        config="results/models/{dataset}/{model}/{variant}/seed{seed}/config.py",
        checkpoint="results/models/{dataset}/{model}/{variant}/seed{seed}/checkpoint.safetensors",
    output:
        "results/predictions/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json.gz",
    log:
        "logs/predict/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.log",
    benchmark:
        "logs/predict/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.tsv"
    priority: 10
    conda:
        "../envs/models.yaml"
    threads: cpus("predict")
    resources:
        **needs("predict"),
    params:
        pins=MODEL_PINS,
        code=code("predict"),
    script:
        "../workflow_scripts/predict.py"
