"""Gather all cells into the result matrix, their drops with intervals and verdicts, and all variants' audits."""

from pathlib import Path

from anonbench.attacks.record import AttackResult
from anonbench.common.records import read_record
from anonbench.config.statistics import StatisticsConfig
from anonbench.evaluate.cell import read_cell
from anonbench.evaluate.replicates import read_replicates
from anonbench.report.audit import audit_table
from anonbench.report.drops import drop_table
from anonbench.report.main_table import Outputs, write_summary
from anonbench.report.risk.table import privacy_table
from anonbench.report.summary import summarize
from anonbench.variants.audit import VariantAudit
from anonbench.workflow.job import job

with job(snakemake.log[0]):
    cells = [read_cell(path) for path in snakemake.input.cells]
    files = dict(zip([cell.key for cell in cells], snakemake.input.resamples, strict=True))
    statistics = StatisticsConfig.model_validate(snakemake.config["statistics"])
    drops = drop_table(
        files,
        lambda cell: read_replicates(files[cell]),
        statistics,
        set(snakemake.params.learned).__contains__,
    )
    attacks = (read_record(AttackResult, path) for path in snakemake.input.attacks)
    privacy = privacy_table(attacks, snakemake.params.serves, statistics)
    audits = audit_table(read_record(VariantAudit, path) for path in snakemake.input.audits)
    files = Outputs(*(Path(snakemake.output[name]) for name in Outputs.__annotations__))
    write_summary(summarize(cells), drops, privacy, audits, files)
