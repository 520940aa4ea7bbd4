# cells -> the result matrix.

import time

STARTED = time.time()


rule summarize:
    input:
        cells=[cell.path for cell in CELLS],
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
