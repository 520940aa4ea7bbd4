# Inputs and parameters of the rules of report.smk.

import time

from anonbench.study.needs import needed_splits

STARTED = time.time()


def every_cell(wildcards):
    """All cells of the study, once all its datasets are known to be within reach: what is missing is said at once."""
    within_reach(needed_splits(CONFIG))
    return [cell.path for cell in CELLS]
