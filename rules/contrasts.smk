# predictions of two models x annotations -> the images on which they differ most, with what each finds.

from anonbench.evaluate.choice import task_modules


# A job of its own, which reads two models: the report then reads no predictions.
rule contrast:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        original="results/predictions/{dataset}/{model}/original/seed{seed}/original.json.gz",
        variant="results/predictions/{dataset}/{model}/{variant}/seed{seed}/original.json.gz",
    output:
        "results/contrasts/{dataset}/{model}/{variant}/seed{seed}.json",
    log:
        "logs/contrast/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "logs/contrast/{dataset}/{model}/{variant}/seed{seed}.tsv"
    priority: 10
    conda:
        "../envs/data.yaml"
    resources:
        **needs("contrast"),
    params:
        tasks=lambda w: CONFIG.models[w.model].tasks,
        pins=ERROR_PINS,
        code=lambda w: code("contrast", *task_modules(CONFIG.models[w.model].tasks)),
    script:
        "../workflow_scripts/contrast.py"
