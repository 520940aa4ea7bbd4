"""The target `plan`: exactly the jobs that Snakemake would run, and nothing is built."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from anonbench.study.checks import load
from anonbench.study.jobs import Study
from tests.helpers.odd_coco import build_odd_coco
from tests.helpers.project import Project
from tests.helpers.stages import STAGES
from tests.helpers.tiny_archives import tiny_pennfudan
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("shards", [1, 3])
def test_the_jobs_are_those_of_a_dry_run_and_nothing_is_built(
    tmp_path: Path, shards: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project.create(tmp_path, toy_config())
    project.config["datasets"]["own"] = build_odd_coco(tmp_path / "own data") | {"shards": shards}
    project.config["datasets"]["tiny"]["shards"] = shards
    if shards == 1:
        tiny_pennfudan(tmp_path / "PennFudanPed.zip")
        attack = {"datasets": ["crowd"], "serves": ["tiny"], "regions": ["body"], "attacks": ["naive"]}
        project.config |= {"attacks": {"naive": {"attack": "naive"}}, "privacy": [attack]}
        project.config["generators"]["tiny_body"]["serves"].append("crowd")
    else:
        del project.config["datasets"]["ped"]["archive"]  # to be fetched
    result = project.snakemake("plan")
    assert result.returncode == 0, result.stdout + result.stderr
    text = (tmp_path / "results/plan.md").read_text()
    assert text in result.stdout
    assert not (tmp_path / "resources").exists() and [p.name for p in (tmp_path / "results").iterdir()] == ["plan.md"]

    dry = project.snakemake("results/summary.csv", "--dry-run")
    monkeypatch.chdir(tmp_path)
    jobs = Study(load(project.merged())).jobs
    details = re.split(r"^(?:local)?rule (\w+):$", dry.stdout + dry.stderr, flags=re.MULTILINE)[1:]
    logs = {re.search(r"^ +log: (.*)$", part, re.MULTILINE)[1] for part in details[1::2]}
    assert {str(job.log) for job in jobs} == logs and len(jobs) == len(logs)
    for part in details[1::2]:
        log, output = (re.search(rf"^ +{key}: (.*)$", part, re.MULTILINE)[1] for key in ("log", "output"))
        folders = next(job.outputs for job in jobs if str(job.log) == log)
        assert all(any(Path(path).is_relative_to(folder) for folder in folders) for path in output.split(", "))
    places = [(job, path) for job in jobs for path in job.outputs]
    within = {
        (inner.rule, outer.rule)
        for inner, path in places
        for outer, folder in places
        if inner is not outer and path.is_relative_to(folder)
    }
    assert within == set()
    counted = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", dry.stdout + dry.stderr, re.MULTILINE)}
    planned = {name: int(count) for name, count in re.findall(r"^\| (\w+) +\| ([\d,]+)", text, re.MULTILINE)}
    assert planned.pop("total") == counted.pop("total")
    assert planned == {stage: sum(counted.get(rule, 0) for rule in rules) for stage, rules in STAGES.items()}
    assert text.startswith(f"{counted['score']} cells from {counted['train_model']} trainings.")
