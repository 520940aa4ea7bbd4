"""Print what the study takes, and keep it; nothing else is built."""

from anonbench.common.files import write_text
from anonbench.config.config import read_config
from anonbench.study.plan import as_markdown, plan
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    text = as_markdown(plan(read_config(snakemake.config)))
    write_text("results/plan.md", text)
    print(f"\n{text}", flush=True)
