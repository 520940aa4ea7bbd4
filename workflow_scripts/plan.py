"""Print what the study takes, and keep it; nothing else is built."""

from anonbench.common.files import write_text
from anonbench.config.config import read_config
from anonbench.study.plan import as_markdown, plan
from anonbench.study.spent import measured_units
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    config = read_config(snakemake.config)
    text = as_markdown(plan(config, measured_units(config)))
    write_text("results/plan.md", text)
    print(f"\n{text}", flush=True)
