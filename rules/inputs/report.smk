# Inputs and parameters of the rules of report.smk.

import time

from anonbench.config.cells import anonymized
from anonbench.report.places import TABLE_SUFFIXES
from anonbench.config.plugins import FIGURES
from anonbench.report.template import page_digest
from anonbench.study.jobs import Study
from anonbench.study.needs import learned_methods, needed_splits, served_by
from anonbench.study.provenance import shown_configuration
from anonbench.study.shown import (
    contrast_files,
    generator_folders,
    hidden_datasets,
    training_files,
    training_manifests,
)

STARTED = time.time()


def every_cell(wildcards):
    """All cells of the study, once all its datasets are known to be within reach: what is missing is said at once."""
    within_reach(needed_splits(CONFIG))
    return [cell.path for cell in CELLS]


def every_audit(wildcards):
    """The audits of all variants that the study's cells are trained or evaluated on."""
    made = sorted(anonymized(CELLS))
    return [f"resources/variants/{dataset}/{split}/{variant}/audit.json" for dataset, split, variant in made]


# What the page is made of besides code: its template, the definitions of terms, and figures of papers.
REPORT_TEXTS = page_digest()


def every_shown_file(wildcards):
    """What the report shows besides the tables: errors, contrasts, curves, images, and what generators make."""
    study = Study(CONFIG)
    generators = generator_folders(study).values()
    return [
        *(cell.errors for cell in CELLS),
        *contrast_files(study, hidden_datasets(study)),
        *training_files(study).values(),
        *training_manifests(study).values(),
        *(folder / name for folder in generators for name in ("samples.png", "log.json")),
    ]
