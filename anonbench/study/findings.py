"""What a study has found so far, gathered from the working directory for its report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from anonbench.attacks.record import AttackResult
from anonbench.common.files import json_text
from anonbench.common.records import read_record
from anonbench.config.cells import ORIGINAL, anonymized
from anonbench.config.config import Config
from anonbench.evaluate.cell import CellScores, read_cell
from anonbench.evaluate.errors.record import CellErrors
from anonbench.evaluate.replicates import read_replicates
from anonbench.report.audit import audit_table
from anonbench.report.drops import drop_table
from anonbench.report.errors import error_table
from anonbench.report.findings import Findings
from anonbench.report.pictures import Gallery, GeneratorSheet, gallery, generator_sheet, training_curve
from anonbench.report.published import read_published
from anonbench.report.risk.table import privacy_table
from anonbench.study.contrasts import contrasts
from anonbench.study.jobs import Study
from anonbench.study.missing import missing_cells
from anonbench.study.needs import attacks_of, cells_of, learned_methods, served_by
from anonbench.study.provenance import provenance
from anonbench.study.shown import generator_folders, hidden_datasets, training_files, training_manifests
from anonbench.variants.audit import AUDIT_FILE, VariantAudit
from anonbench.variants.variant_images import VariantFiles

TRAINING = ["dataset", "model", "variant", "seed", "step", "loss"]


def gather_findings(
    config: Config, summary: pd.DataFrame, drops: pd.DataFrame, audits: pd.DataFrame, privacy: pd.DataFrame
) -> Findings:
    """The tables with everything else that the report shows; pictures and curves of what is not made are left out.

    Parameters
    ----------
    config
        The checked configuration.
    summary, drops, audits, privacy
        The tables, of :class:`anonbench.report.findings.Findings`.

    Raises
    ------
    UserError
        If a file that is there is damaged.
    """
    study = Study(config)
    hidden = hidden_datasets(study)
    return Findings(
        summary=summary,
        drops=drops,
        audits=audits,
        published=read_published(),
        errors=finished_errors(config),
        trainings=_trainings(study),
        provenance=provenance(config),
        galleries=_galleries(study, hidden),
        generators=_generators(study, hidden),
        contrasts=contrasts(study, hidden),
        hidden=hidden,
        missing=missing_cells(config),
        levels=list(dict.fromkeys(level for levels in config.methods.values() for level in levels)),
        doses=_doses(config),
        privacy=privacy,
        claims=config.statistics,
    )


def finished_cells(config: Config) -> list[CellScores]:
    """The cells of a study that exist.

    Raises
    ------
    UserError
        If one is damaged.
    """
    return [read_cell(cell.path) for cell in cells_of(config) if Path(cell.path).is_file()]


def finished_drops(config: Config) -> pd.DataFrame:
    """The drops of the cells whose resamples exist, as of :func:`anonbench.report.drops.drop_table`.

    Those of a dataset and model whose originals have none are left out.

    Raises
    ------
    UserError
        If a file of resamples is damaged.
    """
    finished = [cell for cell in cells_of(config) if Path(cell.resamples).is_file()]
    baselines = {
        (cell.dataset, cell.model) for cell in finished if (cell.variant, cell.evaluated_on) == (ORIGINAL, ORIGINAL)
    }
    compared = [cell for cell in finished if (cell.dataset, cell.model) in baselines]
    learned = set(learned_methods(config))
    return drop_table(compared, lambda cell: read_replicates(cell.resamples), config.statistics, learned.__contains__)


def finished_errors(config: Config) -> pd.DataFrame:
    """What errors cost in the cells whose errors are told, as of :func:`anonbench.report.errors.error_table`.

    Raises
    ------
    UserError
        If a file of errors is damaged.
    """
    paths = [Path(cell.errors) for cell in cells_of(config)]
    found = (read_record(CellErrors, path) for path in paths if path.is_file())
    return error_table(found, config.statistics.confidence)


def finished_attacks(config: Config) -> pd.DataFrame:
    """What the attacks that exist reach, as of :func:`anonbench.report.risk.table.privacy_table`.

    Raises
    ------
    UserError
        If a file of an attack is damaged.
    """
    paths = [Path(attacked.path) for attacked in attacks_of(config)]
    results = (read_record(AttackResult, path) for path in paths if path.is_file())
    return privacy_table(results, served_by(config), config.statistics)


def finished_audits(config: Config) -> pd.DataFrame:
    """The audits of the study's variants that exist, as of :func:`anonbench.report.audit.audit_table`.

    Raises
    ------
    UserError
        If one is damaged.
    """
    names = sorted(anonymized(cells_of(config)))
    paths = [Path("resources/variants", *name, AUDIT_FILE) for name in names]
    return audit_table(read_record(VariantAudit, path) for path in paths if path.is_file())


def _trainings(study: Study) -> pd.DataFrame:
    rows = [
        [*key, step, loss]
        for key, path in training_files(study).items()
        if path.is_file()
        for step, loss in training_curve(path)
    ]
    return pd.DataFrame(rows, columns=TRAINING)


def _galleries(study: Study, hidden: Sequence[str]) -> list[Gallery]:
    found: dict[str, dict[str, VariantFiles]] = {}
    for (dataset, variant), manifest in training_manifests(study).items():
        if variant != ORIGINAL and dataset not in hidden and manifest.is_file():
            originals = Path(f"resources/datasets/{dataset}/images/train")
            found.setdefault(dataset, {})[variant] = VariantFiles(manifest=manifest, originals=originals)
    return [gallery(dataset, study.formats[dataset].RENDERED, files) for dataset, files in found.items()]


def _generators(study: Study, hidden: Sequence[str]) -> list[GeneratorSheet]:
    found = []
    for name, folder in generator_folders(study).items():
        samples, log = folder / "samples.png", folder / "log.json"
        if samples.is_file() and log.is_file():
            # What of them are photographs; a viewer who hides one dataset's people hides the sheet.
            datasets = [dataset for dataset, _ in study.learned[name] if not study.formats[dataset].RENDERED]
            photographs = next(iter([*(one for one in datasets if one in hidden), *datasets]), "")
            found.append(generator_sheet(name, samples, log, photographs, hide=photographs in hidden))
    return found


def _doses(config: Config) -> dict[tuple[str, str], float]:
    """The share of people whom a method anonymizes, at levels that differ from another one in nothing else."""
    found = {}
    for method, levels in config.methods.items():
        alike: dict[str, dict[str, float]] = {}
        for level, params in levels.items():
            rest = {key: value for key, value in params.items() if key != "share"}
            alike.setdefault(json_text(rest), {})[level] = float(params.get("share", 1))
        for shares in alike.values():
            if len(set(shares.values())) > 1:
                found |= {(method, level): share for level, share in shares.items()}
    return found
