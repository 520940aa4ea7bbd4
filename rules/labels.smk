# model of the originals x anonymized training images -> labels that fit the people who are drawn there.


include: "inputs/labels.smk"


rule relabel:
    input:
        annotations="resources/datasets/{dataset}/annotations/train.json",
        regions=redrawn_regions,
        manifest="resources/variants/{dataset}/train/{variant}/manifest.json",
        config="results/models/{dataset}/{model}/original/seed{seed}/config.py",
        checkpoint="results/models/{dataset}/{model}/original/seed{seed}/checkpoint.safetensors",
    output:
        "results/labels/{dataset}/{model}/{variant}/seed{seed}/train.json",
    log:
        "logs/relabel/{dataset}/{model}/{variant}/seed{seed}.log",
    benchmark:
        "logs/relabel/{dataset}/{model}/{variant}/seed{seed}.tsv"
    wildcard_constraints:
        variant=MADE,
    priority: 10
    conda:
        "../envs/models.yaml"
    threads: cpus("relabel")
    resources:
        **needs("relabel"),
    params:
        originals="resources/datasets/{dataset}/images/train",
        pins=MODEL_PINS,
        code=code("relabel"),
    script:
        "../workflow_scripts/relabel.py"
