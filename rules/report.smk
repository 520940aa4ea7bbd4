# cells -> the result matrix.


include: "inputs/report.smk"


localrules:
    summarize,


rule summarize:
    input:
        cells=every_cell,
        audits=every_audit,
    output:
        csv="results/summary.csv",
        audit="results/audit.csv",
        markdown="results/summary.md",
    log:
        "logs/summarize.log",
    benchmark:
        "logs/summarize.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        **needs("summarize"),
    params:
        code=code("summarize"),
    script:
        "../workflow_scripts/summarize.py"


onsuccess:
    table = Path("results/summary.md")
    if table.exists() and table.stat().st_mtime >= STARTED:
        print(table.read_text(encoding="utf-8"))
