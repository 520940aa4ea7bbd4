from snakemake.utils import min_version

min_version("9.0")


include: "rules/common.smk"
include: "rules/run.smk"
include: "rules/datasets.smk"
include: "rules/regions.smk"
include: "rules/generators.smk"
include: "rules/variants.smk"
include: "rules/models.smk"
include: "rules/labels.smk"
include: "rules/predictions.smk"
include: "rules/cells.smk"
include: "rules/resamples.smk"
include: "rules/errors.smk"
include: "rules/attacks.smk"
include: "rules/contrasts.smk"
include: "rules/report.smk"
include: "rules/certify.smk"
include: "rules/plan.smk"


rule all:
    default_target: True
    input:
        "results/summary.csv",
