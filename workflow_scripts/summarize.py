"""Gather all cells into the result matrix, their drops with intervals and verdicts, and all variants' audits."""

from pathlib import Path

from anonbench.common.records import read_record
from anonbench.config.statistics import StatisticsConfig
from anonbench.evaluate.cell import read_cell
from anonbench.evaluate.replicates import read_replicates
from anonbench.report.audit import audit_table
from anonbench.report.drops import drop_table
from anonbench.report.linkability import no_privacy, read_privacy
from anonbench.report.main_table import Outputs, write_summary
from anonbench.report.summary import summarize
from anonbench.variants.audit import VariantAudit
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    cells = [read_cell(path) for path in snakemake.input.cells]
    files = dict(zip([cell.key for cell in cells], snakemake.input.resamples, strict=True))
    drops = drop_table(
        files,
        lambda cell: read_replicates(files[cell]),
        StatisticsConfig.model_validate(snakemake.config["statistics"]),
        set(snakemake.params.learned).__contains__,
    )
    audits = audit_table(read_record(VariantAudit, path) for path in snakemake.input.audits)
    attacked = snakemake.input.get("privacy")
    privacy = read_privacy(attacked) if attacked else no_privacy()
    out = Outputs(*(Path(snakemake.output[name]) for name in Outputs.__annotations__))
    write_summary(summarize(cells), drops, audits, privacy, out)
