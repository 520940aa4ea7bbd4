# predictions x annotations -> what a cell's detections and poses do wrong, and what each kind of error costs.

from anonbench.evaluate.choice import task_modules


rule diagnose:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        predictions="results/predictions/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json.gz",
    output:
        "results/errors/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json",
    log:
        "logs/diagnose/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.log",
    benchmark:
        "logs/diagnose/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.tsv"
    priority: 10
    conda:
        "../envs/data.yaml"
    resources:
        **needs("diagnose"),
    params:
        tasks=lambda w: CONFIG.models[w.model].tasks,
        pins=ERROR_PINS,
        code=lambda w: code("diagnose", *task_modules(CONFIG.models[w.model].tasks)),
    script:
        "../workflow_scripts/diagnose.py"
