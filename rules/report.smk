# cells and their resamples -> the result matrix, and what it says.


include: "inputs/report.smk"


localrules:
    summarize,


rule summarize:
    input:
        cells=every_cell,
        resamples=[cell.resamples for cell in CELLS],
        audits=every_audit,
    output:
        csv="results/summary.csv",
        drops="results/drops.csv",
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
        statistics=CONFIG.statistics.model_dump(include={"confidence", "margin", "power"}),
        learned=learned_methods(CONFIG),
        code=code("summarize"),
    script:
        "../workflow_scripts/summarize.py"


onsuccess:
    table = Path("results/summary.md")
    if table.exists() and table.stat().st_mtime >= STARTED:
        print(table.read_text(encoding="utf-8"))
