# configuration -> what the study takes; finished jobs -> what it took.


localrules:
    plan,
    costs,


rule plan:  # without an output, so that it always runs
    log:
        "logs/plan.log",
    conda:
        "../envs/data.yaml"
    script:
        "../workflow_scripts/plan.py"


rule costs:  # as above
    log:
        "logs/costs.log",
    conda:
        "../envs/data.yaml"
    script:
        "../workflow_scripts/costs.py"
