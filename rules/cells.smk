# predictions x annotations -> one cell.

from anonbench.evaluate.choice import scoring_modules


rule score:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        predictions="results/predictions/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json.gz",
    output:
        "results/cells/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json",
    log:
        "logs/score/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.log",
    benchmark:
        "logs/score/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.tsv"
    priority: 10
    conda:
        "../envs/data.yaml"
    resources:
        **needs("score"),
    params:
        tasks=lambda w: CONFIG.models[w.model].tasks,
        pins=SCORING_PINS,
        code=lambda w: code("score", *scoring_modules(CONFIG.models[w.model].tasks)),
    script:
        "../workflow_scripts/score.py"
