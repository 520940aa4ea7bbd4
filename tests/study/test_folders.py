"""A study in a folder of its own: the workflow where it was cloned, data and results where the study stands."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from anonbench.common.files import read_json
from anonbench.common.root import ROOT
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow

CONFIG = {
    "datasets": {"tiny": {"format": "scenes", "splits": {"train": 4, "val": 2}, "width": 128, "height": 96}},
    "models": {"det": {"config": "config/models/mask-rcnn_mobilenetv2_toy.py", "tasks": ["detection"]}},
    "study": [
        {"datasets": ["tiny"], "models": ["det"], "regions": ["body"], "methods": ["mask_out"], "levels": ["medium"]}
    ],
}
TARGET = "results/cells/tiny/det/body-mask_out-medium/seed0/original.json"


def snakemake(folder: Path, *arguments: str) -> str:
    """Run Snakemake in ``folder``; what it printed."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_study_runs_anywhere_and_a_moved_workflow_runs_nothing_again(tmp_path: Path) -> None:
    workflow, study = tmp_path / "a clone", tmp_path / "my study"
    for part in ("Snakefile", "rules", "workflow_scripts", "anonbench", "config", "envs", "profiles", "docs/terms.md"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        (workflow / part).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / part, workflow / part)
    shutil.copytree(ROOT / "config" / "models", study / "own models")
    own = {"config": "own models/mask-rcnn_mobilenetv2_toy.py", "tasks": ["detection"]}
    (study / "my.yaml").write_text(yaml.safe_dump(CONFIG | {"models": CONFIG["models"] | {"mine": own}}))
    options = ["--snakefile", str(workflow / "Snakefile"), "--directory", str(study)]
    configured = ["--configfile", str(study / "my.yaml")]
    targets = [TARGET, TARGET.replace("/det/", "/mine/")]
    snakemake(tmp_path, *options, *targets, *configured)
    cells = [read_json(study / target)["tasks"] for target in targets]
    assert cells[0] == cells[1] and cells[0]["detection"]["instances"] > 0  # the same model, found in two places
    assert {path.name for path in tmp_path.iterdir()} <= {"a clone", "my study", ".snakemake"}
    assert not any((workflow / made).exists() for made in ("results", "resources", "logs"))

    moved = workflow.rename(tmp_path / "moved")
    options = ["--snakefile", str(moved / "Snakefile"), "--directory", str(study)]
    assert "Nothing to be done" in snakemake(tmp_path, *options, *targets, "--dry-run", *configured)


def test_the_workflow_is_a_module_of_another_snakefile(tmp_path: Path) -> None:
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(CONFIG))
    (tmp_path / "Snakefile").write_text(
        f"""configfile: "my.yaml"


module anonbench:
    snakefile: {str(ROOT / "Snakefile")!r}
    config: config


use rule * from anonbench as anonbench_*


rule mine:
    input: {TARGET!r},
    output: "mine.txt",
    default_target: True
    shell: "wc -c {{input}} > {{output}}"
"""
    )
    snakemake(tmp_path, "mine.txt")
    assert (tmp_path / "mine.txt").read_text().split()[0].isdigit()
    assert "Nothing to be done" in snakemake(tmp_path, "mine.txt", "--dry-run")


def test_the_catalogs_snakefile_is_the_same_workflow(tmp_path: Path) -> None:
    """As ``snakedeploy`` lays it out: the configuration beside a Snakefile that declares the module."""
    (tmp_path / "config").mkdir()
    defaults = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    (tmp_path / "config" / "config.yaml").write_text(
        yaml.safe_dump(defaults | CONFIG | {"generators": {}, "privacy": []})
    )
    printed = snakemake(
        tmp_path, "--snakefile", str(ROOT / "workflow" / "Snakefile"), "results/summary.csv", "--dry-run"
    )
    assert "score" in printed and "tiny" in printed and "scenes" not in printed.replace("format: scenes", "")


def test_two_studies_share_archives_and_a_generator(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    generator = toy_config()["generators"]["tiny_body"]
    data = {"format": "scenes", "splits": {"train": 4, "val": 2, "generator": 4}, "width": 128, "height": 96}
    gan = {"methods": ["gan"], "regions": ["body"], "levels": ["medium"], "datasets": ["tiny"], "models": ["det"]}
    for study in (first, second):
        study.mkdir()
    config = CONFIG | {"datasets": {"tiny": data}, "generators": {"body": generator}, "study": [gan]}
    (first / "my.yaml").write_text(yaml.safe_dump(config))
    options = ["--snakefile", str(ROOT / "Snakefile"), "--directory"]
    trained = "resources/generators/body/generator.safetensors"
    snakemake(tmp_path, *options, str(first), trained, "--configfile", str(first / "my.yaml"))

    config["generators"] = {"body": generator | {"trained": str(first / trained)}}
    (second / "my.yaml").write_text(yaml.safe_dump(config))
    variant = "resources/variants/tiny/train/body-gan-medium/manifest.json"
    printed = snakemake(tmp_path, *options, str(second), variant, "--configfile", str(second / "my.yaml"))
    assert "train_generator" not in printed and (second / variant).is_file()
    assert not (second / "resources" / "generators").exists()
