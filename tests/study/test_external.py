"""A user's own command as a method of the workflow: its images, and what a change of its script runs again."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from anonbench.common.files import read_json
from anonbench.variants.variant_images import VariantFiles, VariantImages
from tests.helpers.project import ROOT, Project

pytestmark = pytest.mark.slow

FOLDER = "resources/variants/tiny/train"
MANIFESTS = [f"{FOLDER}/body-{method}-medium/manifest.json" for method in ("inverter", "mask_out")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project of 5 images that an own script and a built-in method have anonymized."""
    command = [sys.executable, "tools/invert.py", "{images}", "{regions}", "{output}", "{seed}"]
    config = {
        "datasets": {"tiny": {"format": "scenes", "splits": {"train": 5, "val": 2}, "width": 128, "height": 96}},
        "methods": {"inverter": {"medium": {"grow": 0.02, "body": {"command": command}}}},
        "study": [
            {
                "datasets": ["tiny"],
                "models": ["mask-rcnn_demo"],
                "regions": ["body"],
                "methods": ["inverter", "mask_out"],
                "levels": ["medium"],
            }
        ],
    }
    made = Project.create(tmp_path_factory.mktemp("outside"), config)
    (made.root / "tools").mkdir()
    shutil.copy(ROOT / "tests" / "helpers" / "outside_tool.py", made.root / "tools" / "invert.py")
    result = made.snakemake(*MANIFESTS)
    assert result.returncode == 0, result.stdout + result.stderr
    return made


def planned(project: Project) -> set[str]:
    return {job for job in project.planned(*MANIFESTS) if job.startswith(("anonymize", "compose")) or "regions" in job}


def test_it_is_a_variant_like_any_other(project: Project) -> None:
    mine, other = (read_json(project.root / path) for path in MANIFESTS)
    assert [image["file_name"] for image in mine["images"]] == [image["file_name"] for image in other["images"]]
    assert mine["audit"]["people"] == other["audit"]["people"] and mine["audit"]["people"]["regions"] > 0
    assert mine["recipe"]["config"]["grow"] == 0.02 and list(mine["recipe"]["files"]) == ["tools/invert.py"]
    name = next(image["file_name"] for image in mine["images"] if image["regions"])
    originals = project.root / "resources/datasets/tiny/images/train"
    before, after = (
        VariantImages(VariantFiles(manifest=project.root / FOLDER / variant / "manifest.json", originals=originals))
        .read(name)
        .astype(int)
        for variant in ("original", "body-inverter-medium")
    )
    changed = (before != after).any(-1)
    assert changed.any() and (abs(before + after - 255)[changed] <= 9).mean() > 0.9
    log = next(Path(project.root).glob("logs/anonymize_shard/tiny/train/body-inverter-medium/1-of-1.log"))
    assert "seed 0, mode" in log.read_text()


def test_a_change_of_the_script_runs_its_own_chain_again_and_no_change_nothing(project: Project) -> None:
    assert planned(project) == set()
    with project.changed("tools/invert.py", '"""A stand-in', '"""Changed: a stand-in'):
        wildcards = "dataset=tiny split=train region=body method=inverter level=medium draw="
        assert planned(project) == {
            f"anonymize_shard {wildcards} shard=1 shards=1",
            f"compose_variant {wildcards}",
        }
