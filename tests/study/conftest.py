"""One small, real run of the whole workflow, which the tests of this folder share."""

from __future__ import annotations

import pytest

from tests.helpers.odd_coco import build_odd_coco
from tests.helpers.project import Project
from tests.helpers.tiny_archives import tiny_pennfudan

VARIANTS = {"regions": ["body"], "methods": ["blur", "mask_out"], "levels": ["medium"]}


def toy_config() -> dict:
    """Three datasets and two models: rendered scenes, an archive, and a user's own folder with every oddity.

    Rendered people are there to be attacked.
    """
    return {
        "datasets": {
            "tiny": {
                "format": "scenes",
                "splits": {"train": 8, "val": 4, "generator": 4},
                "width": 128,
                "height": 96,
                "seed": 1,
            },
            "ped": {"format": "pennfudan", "archive": "PennFudanPed.zip"},
            "crowd": {
                "format": "scenes",
                "view": "face",
                "splits": {"train": 16, "val": 24},
                "people": {"identities": 8},
                "width": 64,
                "height": 64,
            },
        },
        "generators": {
            "tiny_body": {
                "region": "body",
                "learns": {"dataset": "tiny", "split": "generator"},
                "serves": ["tiny"],
                "width": 32,
                "height": 64,
                "channels": 4,
                "epochs": 1,
                "batch": 4,
            },
        },
        "models": {
            "det": {
                "config": "config/models/mask-rcnn_mobilenetv2_toy.py",
                "tasks": ["detection", "instance_segmentation"],
            },
            "pose": {"config": "config/models/td-hm_mobilenetv2_toy.py", "tasks": ["pose"]},
        },
        "study": [
            {"datasets": ["tiny"], "models": ["det", "pose"], **VARIANTS},
            {"datasets": ["ped"], "models": ["det"], **VARIANTS, "methods": ["mask_out"]},
            {"datasets": ["tiny"], "models": ["pose"], **VARIANTS, "methods": ["gan"]},
            {
                "datasets": ["own"],
                "models": ["det"],
                "regions": ["face"],
                "methods": ["pixelate"],
                "levels": ["high"],
                "evaluate_on": ["original", "anonymized"],
            },
        ],
    }


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Project:
    """A project in which ``results/summary.csv`` is up to date."""
    root = tmp_path_factory.mktemp("project with spaces")
    project = Project.create(root, toy_config())
    tiny_pennfudan(root / "PennFudanPed.zip")
    project.config["datasets"]["own"] = build_odd_coco(root / "own data")
    attacked = {"datasets": ["crowd"], "serves": ["own"], "regions": ["face"]}
    project.config["privacy"] = [attacked | {"attacks": ["parrot"]}]
    result = project.snakemake("results/summary.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    project.printed = result.stdout
    return project
