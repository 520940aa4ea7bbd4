"""A study on a real SLURM, on which jobs die: the same summary as of an undisturbed local run, byte for byte."""

from __future__ import annotations

import pytest

from tests.helpers.project import Project
from tests.study.conftest import toy_config

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

SUMMARY = "results/summary.csv"
# Another variant, without a GPU, of which no model learns.
MASKED_OUT = "resources/variants/tiny/train/body-mask_out-medium/manifest.json"
# The training that reads it first hangs, for longer than the minute that it has.
HANGS_ONCE = """
import pathlib
import time

_base_ = "config/models/td-hm_mobilenetv2_toy.py"
if not pathlib.Path("hung").exists():
    pathlib.Path("hung").touch()
    time.sleep(100)
"""


def study() -> dict:
    block = {"datasets": ["tiny"], "models": ["pose"], "regions": ["body"], "methods": ["gan"], "levels": ["medium"]}
    toy = toy_config()
    return {
        "datasets": {"tiny": toy["datasets"]["tiny"]},
        "generators": toy["generators"],
        "models": {"pose": {"config": "hangs_once.py", "tasks": ["pose"]}},
        "study": [block],
    }


def with_model(project: Project) -> Project:
    (project.root / "hangs_once.py").write_text(HANGS_ONCE)
    return project


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study, finished by a local run."""
    project = with_model(Project.create(tmp_path_factory.mktemp("local"), study()))
    (project.root / "hung").touch()
    result = project.snakemake(SUMMARY)
    assert result.returncode == 0, result.stdout + result.stderr
    return project


@pytest.fixture(scope="module")
def there(slurm, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study, finished on the cluster, where the first training of each kind dies."""
    project = with_model(slurm.project(tmp_path_factory.mktemp("cluster"), study()))
    result = slurm.run(
        project, SUMMARY, MASKED_OUT, "--set-resources", "train_generator:mem_mb=600*attempt",
        "train_model:runtime=1+20*(attempt-1)", "train_model:slurm_extra='--signal=TERM@10'",
    )  # fmt: skip
    project.printed = result.stdout + result.stderr
    assert result.returncode == 0, project.printed
    return project


@pytest.fixture(scope="module")
def jobs(slurm, there):
    return slurm.jobs(there.printed)


def test_the_summary_is_that_of_a_local_run(here, there):
    assert (there.root / SUMMARY).read_bytes() == (here.root / SUMMARY).read_bytes()
    assert (there.root / SUMMARY).stat().st_size > 1000


def test_gpus_are_asked_for_by_what_computes_on_one(jobs):
    asked = {(job.rule, job.gpus) for job in jobs if job.rule != "anonymize_shard"}
    assert asked == {
        ("convert_split", 0), ("find_regions", 0), ("train_generator", 1), ("train_model", 1),
        ("cell_predict_resample_score", 1),
    }  # fmt: skip
    shards = {job.wildcards: job.gpus for job in jobs if job.rule == "anonymize_shard"}
    assert shards == {"tiny_train_body_gan_medium__1_1": 1, "tiny_train_body_mask_out_medium__1_1": 0}


def test_short_steps_are_not_submitted(jobs):
    counts = {
        rule: sum(job.rule == rule for job in jobs if job.state == "COMPLETED") for rule in {j.rule for j in jobs}
    }
    assert counts == {
        "convert_split": 3, "find_regions": 2, "train_generator": 1, "anonymize_shard": 2, "train_model": 2,
        "cell_predict_resample_score": 2,
    }  # fmt: skip


def test_anonymizing_a_few_images_asks_for_one_cpu(jobs):
    assert {job.cpus for job in jobs if job.rule == "anonymize_shard"} == {1}


def test_a_job_that_is_killed_for_memory_is_tried_again_with_more(jobs):
    tries = [(job.memory, job.state) for job in jobs if job.rule == "train_generator"]
    assert tries == [(600, "FAILED"), (1200, "COMPLETED")]


def test_a_training_whose_time_is_up_is_tried_again_with_more(jobs, there):
    assert (there.root / "hung").exists()
    tries = {}
    for job in jobs:
        if job.rule == "train_model":
            tries.setdefault(job.wildcards, []).append((job.minutes, job.state))
    assert [(1, "FAILED"), (21, "COMPLETED")] in tries.values()


def test_a_finished_study_has_nothing_to_do_on_the_cluster(slurm, there):
    result = slurm.run(there, "--dry-run", SUMMARY)
    assert "Nothing to be done" in result.stdout + result.stderr


def test_without_gpus_none_is_asked_for(slurm, there):
    there.config["runtime"] = {"device": "cpu"}
    cell = "results/cells/tiny/pose/original/seed0/original.json"
    result = slurm.run(there, cell, "--forcerun", "predict")
    assert result.returncode == 0, result.stdout + result.stderr
    assert [(job.rule, job.gpus, job.state) for job in slurm.jobs(result.stdout + result.stderr)] == [
        ("cell_predict_score", 0, "COMPLETED")
    ]
