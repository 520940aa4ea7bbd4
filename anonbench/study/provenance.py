"""How a study was made, for its report: versions, machines, time, and the configuration."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import yaml

from anonbench import __version__
from anonbench.config.config import Config
from anonbench.report.provenance import Provenance, Spent
from anonbench.study.jobs import STAGES, Study
from anonbench.study.spent import read_spent

# The packages whose versions decide a study's numbers.
COMPUTING = ("torch", "torchvision", "numpy", "opencv-python-headless", "onedl-mmdetection", "mmpose", "pycocotools")
# What tells of the user's machine and not of the study.
PRIVATE = {"archives", "shared", "costs"}


def provenance(config: Config) -> Provenance:
    """What the jobs of a study left in the working directory says of how it was made. Nothing has to exist.

    Parameters
    ----------
    config
        The checked configuration.

    Raises
    ------
    UserError
        If a job's record is damaged.
    """
    study = Study(config)
    machines, spent = read_spent(study)
    rows = []
    for stage in STAGES:
        of = [row for row in spent if row.stage == stage and row.jobs]
        if of:
            rows.append(
                Spent(
                    stage=stage,
                    jobs=sum(row.jobs for row in of),
                    wall=sum(row.wall for row in of) / 3600,
                    cpu=sum(row.cpu for row in of) / 3600,
                    gpu=sum(row.gpu for row in of) / 3600,
                    memory=max(row.memory for row in of),
                    disk=sum(row.disk for row in of),
                )
            )
    return Provenance(
        versions=versions(),
        configuration=yaml.safe_dump(shown_configuration(config), sort_keys=False, allow_unicode=True),
        machines=[str(machine) for machine in machines],
        spent=rows,
        cells=len(study.cells),
    )


def shown_configuration(config: Config) -> dict[str, Any]:
    """The configuration as plain values, without the folders that only this machine has."""
    return config.model_dump(mode="json", exclude=PRIVATE, exclude_none=True)


def versions() -> dict[str, str]:
    """The versions of this library, of Python, and of the packages that compute, by name."""
    found = {"anonbench": __version__, "Python": platform.python_version()}
    for name in COMPUTING:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
