# configuration -> what the study takes.


localrules:
    plan,


rule plan:  # without an output, so that it always runs
    log:
        "logs/plan.log",
    script:
        "../workflow_scripts/plan.py"
