"""Print what the study takes, and keep it; nothing else is built."""

from anonbench.config import load
from anonbench.files import write_text
from anonbench.job import job
from anonbench.plan import as_markdown, plan

with job(snakemake.log[0]):
    text = as_markdown(plan(load(snakemake.config)))
    write_text("results/plan.md", text)
    print(f"\n{text}", flush=True)
