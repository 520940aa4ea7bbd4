# Configuration, the cells of the study, wildcard constraints, and what every rule shares.

import gc
import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import contains_wildcard
from snakemake.logging import logger

# The library is found where the workflow stands, here and in the scripts' own processes. A workflow that Snakemake reads
# from a repository elsewhere finds the installed one.
HOME = Path(str(workflow.current_basedir)).parent
if (HOME / "anonbench").is_dir():
    sys.path.insert(0, str(HOME))
    paths = [str(HOME), os.environ.get("PYTHONPATH", "")]
    os.environ.update(PYTHONPATH=os.pathsep.join(filter(None, paths)))

# A large study is hundreds of thousands of objects that all live to the end: looking for garbage among them as often as
# usual takes a fifth of the planning.
gc.set_threshold(200_000, 20, 100)

from anonbench.common.errors import UserError
from anonbench.config.cells import ORIGINAL, REMADE, Variant
from anonbench.config.config import default_file, with_defaults
from anonbench.config.plugins import FORMATS, KINDS, METHODS
from anonbench.datasets.format import format_of
from anonbench.study.checks import load
from anonbench.study.needs import attacks_of, cells_of
from anonbench.study.resources import Estimates
from anonbench.workflow.code import code_digest
from anonbench.workflow.pins import pins

try:
    CONFIG = load(with_defaults(config, default_file()))
except UserError as error:
    raise WorkflowError(str(error)) from None


# Of `--sdm apptainer`, for every rule; envs/container.def makes it.
container: CONFIG.runtime.container


# From here on the configuration is complete and valid: nobody asks for defaults.
config = CONFIG.model_dump(mode="json")

CELLS = cells_of(CONFIG)
ATTACKED = attacks_of(CONFIG)

# The packages whose version decides a model's numbers: a new pin trains and predicts again, any other pin does not.
MODEL_PINS = pins("torch", "torchvision", "numpy", "onedl-mmcv", "onedl-mmengine", "onedl-mmdetection", "mmpose")
# ... and those that only score what it predicts, or say what is wrong with it: a new pin scores again.
SCORING_PINS = pins("numpy", "pycocotools", "cityscapesscripts")
ERROR_PINS = pins("numpy", "pycocotools")


DRAW = r"-draw[1-9]\d*"
MADE = rf"(face|body)-[a-z0-9_]+-[a-z0-9_]+({DRAW})?"


def one_of(names):
    return "|".join(re.escape(name) for name in sorted(names)) or "(?!)"  # an empty alternative would match anything


wildcard_constraints:
    dataset=one_of(CONFIG.datasets),
    model=one_of(CONFIG.models),
    weights=one_of(CONFIG.weights),
    generator=f"({one_of(CONFIG.generators)})({DRAW})?",
    split="train|val|generator",
    file_name=r"[^/.][^/]*",
    region="face|body",
    method=one_of(CONFIG.methods),
    level=one_of({level for levels in CONFIG.methods.values() for level in levels}),
    draw=f"|{DRAW}",  # none, of the first one
    variant=rf"original|{MADE}(-{REMADE})?",
    seed=r"\d+",
    shard=r"\d+",
    shards=r"\d+",
    evaluated_on=f"anonymized|original|{MADE}",
    attacked=f"(face|body)-(clear|control)|{MADE}",
    attack=one_of(CONFIG.attacks),


def stop(error):
    """End before any job runs, with the message of a UserError alone; for functions that tell a rule its inputs.

    Snakemake takes whatever they raise for a mistake of the workflow's and shows it with wildcards and a traceback.
    """
    logger.error(f"{error.problem.rstrip()}\n{error.fix}")
    raise SystemExit(1)


def own_file(path):
    """A user's own file as an input; Snakemake would take `{name}` in its path for a wildcard."""
    if contains_wildcard(path):
        problem = f"{path} cannot be used: Snakemake takes the braces in its path for a wildcard."
        stop(UserError(problem, "Rename the folder, or reach it by a link whose name has no braces."))
    return path


def code(script, *plugins):
    """A digest of the script and all library files that it runs, and of the plug-ins that it loads by name."""
    return code_digest(f"workflow_scripts/{script}.py", *plugins)


FORMAT_OF = {name: format_of(settings) for name, settings in CONFIG.datasets.items()}


ESTIMATES = Estimates(CONFIG)

# The CPUs of a rule's jobs, and the resources that they ask for, functions of wildcards and attempt.
cpus, needs = ESTIMATES.threads, ESTIMATES.resources
