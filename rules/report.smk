# cells -> the result matrix.

import time

STARTED = time.time()


def every_cell(wildcards):
    """All cells of the study; files that cannot be fetched are told of all its datasets at once."""
    within_reach(needed_splits(CONFIG))
    return [cell.path for cell in CELLS]


rule summarize:
    input:
        cells=every_cell,
        code=stage_code("summarize"),
    output:
        csv="results/summary.csv",
        markdown="results/summary.md",
    log:
        "logs/summarize.log",
    script:
        "../workflow_scripts/summarize.py"


onsuccess:
    table = Path("results/summary.md")
    if table.exists() and table.stat().st_mtime >= STARTED:
        print(table.read_text(encoding="utf-8"))
