# cells and their resamples -> the result matrix, and the report of it.


include: "inputs/report.smk"


localrules:
    summarize,
    report,
    partial,


rule summarize:
    input:
        cells=every_cell,
        resamples=[cell.resamples for cell in CELLS],
        attacks=[attacked.path for attacked in ATTACKED],
        audits=every_audit,
    output:
        csv=report("results/summary.csv", caption="../workflow/report/summary.rst", category="Results"),
        drops="results/drops.csv",
        privacy="results/privacy.csv",
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
        serves=served_by(CONFIG),
        learned=learned_methods(CONFIG),
        code=code("summarize"),
    script:
        "../workflow_scripts/summarize.py"


rule report:
    input:
        summary=rules.summarize.output.csv,
        drops=rules.summarize.output.drops,
        privacy=rules.summarize.output.privacy,
        audit=rules.summarize.output.audit,
        shown=every_shown_file,
    output:
        html=report("results/report.html", caption="../workflow/report/main.rst", category="Report"),
        figures=directory("results/figures"),
        recommendation=report(
            "results/recommendation.md", caption="../workflow/report/recommendation.rst", category="Report"
        ),
        table=multiext("results/table", *TABLE_SUFFIXES),
    log:
        "logs/report.log",
    benchmark:
        "logs/report.tsv"
    conda:
        "../envs/data.yaml"
    resources:
        **needs("report"),
    params:
        configuration=shown_configuration(CONFIG),
        texts=REPORT_TEXTS,
        code=code("report", *map(FIGURES.module, FIGURES.names())),
    script:
        "../workflow_scripts/report.py"


rule partial:  # without an output, so that it always runs
    log:
        "logs/partial.log",
    conda:
        "../envs/data.yaml"
    script:
        "../workflow_scripts/partial.py"


onsuccess:
    table = Path("results/summary.md")
    if table.exists() and table.stat().st_mtime >= STARTED:
        print(table.read_text(encoding="utf-8"))


onerror:
    if any(Path(cell.path).exists() for cell in CELLS):
        print("The target `partial` reports the cells that exist, and why the others are missing.")
