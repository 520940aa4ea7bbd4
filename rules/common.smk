# Configuration, the matrix of cells, wildcard constraints, and what every rule shares.

import os
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# Scripts run in processes of their own: they find the library where the workflow stands.
os.environ["PYTHONPATH"] = os.pathsep.join([str(workflow.basedir), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)

from anonbench.models.config_files import model_config_files, model_config_weights
from anonbench.workflow.code import code_files
from anonbench.anonymize.outside.identity import file_digests
from anonbench.anonymize.registry import is_learned, module_of
from anonbench.config.config import load
from anonbench.study.checks import check_reach
from anonbench.datasets.locate import locate, needed_roles, record_of, remote_files, role_of
from anonbench.common.files import listing_digest
from anonbench.common.errors import UserError
from anonbench.config.cells import ORIGINAL, Variant, expand as expand_study
from anonbench.study.needs import needed_splits, network_of
from anonbench.workflow.pins import pins

try:
    CONFIG = load(config)
except UserError as error:
    raise WorkflowError(str(error)) from None

CELLS = expand_study(CONFIG.study)

# The packages whose version decides a model's numbers: a new pin trains and evaluates again, any other pin does not.
MODEL_PINS = pins("torch", "torchvision", "numpy", "onedl-mmcv", "onedl-mmengine", "onedl-mmdetection", "mmpose")
# ... and those that only score it: a new pin evaluates again.
SCORING_PINS = pins("pycocotools", "cityscapesscripts")


def one_of(names):
    return "|".join(re.escape(name) for name in sorted(names))


wildcard_constraints:
    dataset=one_of(CONFIG.datasets),
    model=one_of(CONFIG.models),
    weights=one_of(CONFIG.weights) or "(?!)",
    gan=one_of(CONFIG.generators) or "(?!)",  # an empty alternative would match anything
    split="train|val|gan",
    file_name=r"[^/.][^/]*",
    region="face|body",
    method=one_of(CONFIG.methods),
    level=one_of({level for levels in CONFIG.methods.values() for level in levels}),
    variant=r"original|(face|body)-[a-z0-9_]+-[a-z0-9_]+",
    seed=r"\d+",
    shard=r"\d+",
    shards=r"\d+",
    evaluated_on="original|anonymized",


def stop(error):
    """End before any job runs, with the message of a UserError alone; for functions that tell a rule its inputs.

    Snakemake takes whatever they raise for a mistake of the workflow's and shows it with wildcards and a traceback.
    """
    logger.error(f"{error.what.rstrip()}\n{error.mend}")
    raise SystemExit(1)


def stage_code(script, *by_name):
    """The script, every library file that it runs, and the modules that a registry loads by name for this job."""
    path = f"workflow_scripts/{script}.py"
    return code_files(path, *by_name)
