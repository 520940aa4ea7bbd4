# Inputs and parameters of the rules of report.smk.

import time

from anonbench.config.cells import anonymized
from anonbench.study.needs import learned_methods, needed_splits

STARTED = time.time()


def every_cell(wildcards):
    """All cells of the study, once all its datasets are known to be within reach: what is missing is said at once."""
    within_reach(needed_splits(CONFIG))
    return [cell.path for cell in CELLS]


def every_audit(wildcards):
    """The audits of all variants that the study's cells are trained or evaluated on."""
    made = sorted(anonymized(CELLS))
    return [f"resources/variants/{dataset}/{split}/{variant}/audit.json" for dataset, split, variant in made]
