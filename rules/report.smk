# cells -> the result matrix.

import time

from anonbench.study.needs import needed_splits

STARTED = time.time()


def every_cell(wildcards):
    """All cells of the study, once all its datasets are known to be within reach: what is missing is said at once."""
    within_reach(needed_splits(CONFIG))
    return [cell.path for cell in CELLS]


rule summarize:
    input:
        cells=every_cell,
    output:
        csv="results/summary.csv",
        markdown="results/summary.md",
    params:
        code=code("summarize"),
    log:
        "logs/summarize.log",
    script:
        "../workflow_scripts/summarize.py"


onsuccess:
    table = Path("results/summary.md")
    if table.exists() and table.stat().st_mtime >= STARTED:
        print(table.read_text(encoding="utf-8"))
