"""A small study with attacks, from nothing to its certificates."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from anonbench.common.files import sha256_file
from anonbench.common.records import read_record
from anonbench.report.certificate.record import Certificate
from anonbench.study.checks import load
from anonbench.study.jobs import Study
from tests.helpers.project import Project

pytestmark = pytest.mark.slow


def small() -> dict:
    learns = {"learns": {"dataset": "scenes", "split": "generator"}, "serves": ["scenes", "crowd"]}
    block = {"datasets": ["scenes"], "models": ["det"], "levels": ["medium"]}
    judged = {"datasets": ["crowd"], "serves": ["scenes"]}
    return {
        "datasets": {
            "scenes": {"format": "scenes", "splits": {"train": 16, "val": 24, "generator": 12}, "width": 256,
                       "height": 192, "seed": 0},
            "crowd": {"format": "scenes", "view": "body", "splits": {"train": 24, "val": 24}, "width": 96,
                      "height": 144, "people": {"identities": 12}, "seed": 0},
        },
        "generators": {
            "scenes_body": learns
            | {"region": "body", "width": 32, "height": 64, "channels": 4, "epochs": 1, "batch": 4}
        },
        "models": {"det": {"config": "config/models/mask-rcnn_mobilenetv2_toy.py", "tasks": ["detection"]}},
        "study": [
            block | {"regions": ["body"], "methods": ["gan"]},
            block | {"regions": ["face"], "methods": ["mask_out"]},
        ],
        "attacks": {
            "naive": {"attack": "naive"},
            "residual": {"attack": "residual"},
            "memory": {"attack": "memory", "people": 20, "draws": 1, "resamples": 50},
        },
        "privacy": [
            judged | {"regions": ["face"], "attacks": ["residual"]},
            judged | {"regions": ["body"], "attacks": ["naive", "memory"]},
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project.create(tmp_path_factory.mktemp("certified"), small())
    dry = project.snakemake("results/summary.csv", "--dry-run")
    project.logs = set(re.findall(r"^ +log: (.*)$", dry.stdout + dry.stderr, re.MULTILINE))
    result = project.snakemake("certify")
    assert result.returncode == 0, result.stdout + result.stderr
    project.printed = result.stdout
    return project


def card(project: Project, variant: str) -> Certificate:
    return read_record(Certificate, project.root / f"results/certificates/scenes/{variant}.json")


def test_the_jobs_of_the_plan_are_those_of_a_dry_run(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    jobs = Study(load(project.merged())).jobs
    assert {str(job.log) for job in jobs} == project.logs
    assert "logs/attack/crowd/body-gan-medium/memory.log" in project.logs


def test_a_certificate_of_generated_people_has_the_generators_memory_and_the_digests(project: Project) -> None:
    found = card(project, "body-gan-medium")
    table = pd.read_csv(project.root / "results/privacy.csv")
    rows = table[(table.variant == "body-gan-medium") & table.headline]
    assert found.bound.excess_high == rows.excess_high.max() and found.bound.attack == "naive"
    attacked = json.loads((project.root / "results/attacks/crowd/body-gan-medium/memory.json").read_text())
    assert found.remembered[0].figures == attacked["figures"] and 0 <= attacked["figures"]["membership_auc"] <= 1
    for file in found.files:
        if (project.root / file.path).is_file():
            assert file.sha256 == sha256_file(project.root / file.path)
    paths = {file.path for file in found.files}
    assert "resources/generators/scenes_body/generator.safetensors" in paths and "configuration" in paths
    made = ("scenes/train", "crowd/train", "crowd/val")
    assert {f"resources/variants/{split}/body-gan-medium/manifest.json" for split in made} <= paths
    people = json.loads((project.root / "resources/variants/scenes/train/body-gan-medium/audit.json").read_text())
    assert found.coverage[0].audit.changed == people["audit"]["changed"] > 0
    assert [cost.task for cost in found.costs] == ["detection"]
    page = (project.root / "results/certificates/scenes/body-gan-medium.html").read_text()
    assert sha256_file(project.root / "results/certificates/scenes/body-gan-medium.json") in page


def test_a_certificate_of_faces_says_how_many_are_still_found_and_what_nobody_tried(project: Project) -> None:
    found = card(project, "face-mask_out-medium")
    rows = {one.criterion: one for one in found.reached}
    assert list(rows) == ["found"] and rows["found"].clear > 0.5
    assert rows["found"].value <= 0.1 and rows["found"].control <= 0.1
    assert found.bound is None and found.missing[0].startswith("No attack linked people")
    assert {"No attack of the kind naive was made.", "No attack of the kind parrot was made."} <= set(found.missing)
    assert f"face-mask_out-medium.json: no bound of what an attacker links; {len(found.missing)} things" in (
        project.printed
    )


def test_a_second_run_makes_none_again_and_says_the_same(project: Project) -> None:
    page = project.root / "results/certificates/scenes/body-gan-medium.html"
    before = page.stat().st_mtime_ns
    again = project.snakemake("certify")
    assert again.returncode == 0 and "body-gan-medium.json: at most" in again.stdout
    assert page.stat().st_mtime_ns == before and "certificate " not in again.stderr.partition("Job stats")[2]


def test_what_is_not_attacked_is_not_certified(project: Project) -> None:
    result = project.snakemake("results/certificates/scenes/body-blur-medium.json", "-n")
    assert result.returncode == 1 and "which no attack of `privacy` judges for scenes" in result.stdout + result.stderr
    kept, project.config = project.config, project.config | {"privacy": []}
    try:
        result = project.snakemake("certify", "-n")
    finally:
        project.config = kept
    assert (
        result.returncode == 1
        and "attacks no variant, so that there is nothing to certify" in result.stdout + result.stderr
    )
    assert not Path(project.root, "results/certificates/scenes/body-blur-medium.json").exists()
