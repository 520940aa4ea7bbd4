from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: "rules/common.smk"
include: "rules/datasets.smk"
include: "rules/regions.smk"
include: "rules/gan.smk"
include: "rules/anonymize.smk"
include: "rules/weights.smk"
include: "rules/train.smk"
include: "rules/evaluate.smk"
include: "rules/report.smk"
include: "rules/plan.smk"


rule all:
    input:
        "results/summary.csv",
    default_target: True
