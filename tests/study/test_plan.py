"""The target `plan`: exactly the jobs that Snakemake would run, and nothing is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.odd_coco import build_odd_coco
from tests.helpers.project import Project
from tests.helpers.stages import STAGES
from tests.helpers.tiny_archives import tiny_pennfudan
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("shards", [1, 3])
def test_the_jobs_are_those_of_a_dry_run_and_nothing_is_built(tmp_path: Path, shards: int) -> None:
    project = Project.create(tmp_path, toy_config())
    project.config["datasets"]["own"] = build_odd_coco(tmp_path / "own data") | {"shards": shards}
    project.config["datasets"]["tiny"]["shards"] = shards
    if shards == 1:
        tiny_pennfudan(tmp_path / "PennFudanPed.zip")
    else:
        del project.config["datasets"]["ped"]["archive"]  # to be fetched
    result = project.snakemake("plan")
    assert result.returncode == 0, result.stdout + result.stderr
    text = (tmp_path / "results/plan.md").read_text()
    assert text in result.stdout
    assert not (tmp_path / "resources").exists() and [p.name for p in (tmp_path / "results").iterdir()] == ["plan.md"]

    dry = project.snakemake("results/summary.csv", "--dry-run", "--quiet", "rules")
    counted = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", dry.stdout + dry.stderr, re.MULTILINE)}
    planned = {name: int(count) for name, count in re.findall(r"^\| (\w+) +\| ([\d,]+)", text, re.MULTILINE)}
    assert planned.pop("total") == counted.pop("total")
    assert planned == {stage: sum(counted.get(rule, 0) for rule in rules) for stage, rules in STAGES.items()}
    assert text.startswith(f"{counted['score']} cells from {counted['train_model']} trainings.")
