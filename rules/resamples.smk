# predictions x annotations -> the metrics of many resamples of the validation images.


# Which images are drawn follows from the annotations, the number and the seed: the same for every cell of a dataset.
rule resample:
    input:
        annotations="resources/datasets/{dataset}/annotations/val.json",
        predictions="results/predictions/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.json.gz",
    output:
        "results/resamples/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.npz",
    log:
        "logs/resample/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.log",
    benchmark:
        "logs/resample/{dataset}/{model}/{variant}/seed{seed}/{evaluated_on}.tsv"
    priority: 10
    conda:
        "../envs/data.yaml"
    threads: cpus("resample")
    resources:
        **needs("resample"),
    params:
        tasks=lambda w: CONFIG.models[w.model].tasks,
        resamples=CONFIG.statistics.resamples,
        seed=CONFIG.statistics.seed,
        pins=SCORING_PINS,
        code=lambda w: code("resample", *scoring_modules(CONFIG.models[w.model].tasks)),
    script:
        "../workflow_scripts/resample.py"
