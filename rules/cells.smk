# predictions x annotations -> one cell.

from anonbench.evaluate.choice import scoring_modules


rule score:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        predictions="results/predictions/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json.gz",
    output:
        "results/cells/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json",
    params:
        tasks=lambda w: CONFIG.models[w.model].tasks,
        pins=SCORING_PINS,
        code=lambda w: code("score", *scoring_modules(CONFIG.models[w.model].tasks)),
    log:
        "logs/score/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.log",
    priority: 10
    script:
        "../workflow_scripts/score.py"
