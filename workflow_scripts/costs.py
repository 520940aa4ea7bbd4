"""Print what the study's jobs have taken so far, and keep it; nothing else is built."""

from anonbench.common.files import write_text
from anonbench.common.records import write_record
from anonbench.config.config import read_config
from anonbench.study.spent import OWN, gather
from anonbench.study.spent_table import as_markdown
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    found = gather(read_config(snakemake.config))
    write_record(OWN, found)
    text = as_markdown(found)
    write_text("results/costs.md", text)
    print(f"\n{text}", flush=True)
