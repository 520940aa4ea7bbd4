"""Print what the study takes, and keep it; nothing else is built."""

from pathlib import Path

from anonbench.common.errors import UserError
from anonbench.common.files import write_text
from anonbench.config.config import read_config
from anonbench.report import precision
from anonbench.report.drops import read_drops
from anonbench.study.plan import as_markdown, plan
from anonbench.study.spent import measured_units
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    config = read_config(snakemake.config)
    text = as_markdown(plan(config, measured_units(config)))
    drops = Path("results/drops.csv")
    if drops.exists():
        try:
            needed = precision.seeds_needed(read_drops(drops), config.statistics)
            text += f"\n{precision.as_markdown(needed, config.statistics)}"
        except UserError as error:  # a table of another version, which the study writes anew
            text += f"\nHow many seeds a margin needs is not known. {error.problem}\n"
    write_text("results/plan.md", text)
    print(f"\n{text}", flush=True)
