"""Why a cell is missing: the first job on the way to it without outputs, and how its log ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from anonbench.common.files import write_text
from anonbench.common.job_record import record_of_job
from anonbench.config.config import Config
from anonbench.study.checks import load
from anonbench.study.jobs import Job, Study
from anonbench.study.missing import LINES, missing_cells
from tests.helpers.project import Project
from tests.study.conftest import toy_config

BLURRED = "results/cells/tiny/det/body-blur-medium/seed0/original.json"


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """The small study's, with every output of its jobs in place as an empty file."""
    project = Project(tmp_path, toy_config())
    del project.config["datasets"]["ped"]["archive"], project.config["study"][-1]
    project.config["datasets"]["tiny"]["shards"] = 3
    (tmp_path / "config").mkdir()
    root = Path(__file__).parents[2]
    write_text(tmp_path / "config/config.yaml", (root / "config/config.yaml").read_text())
    found = load(project.merged())
    monkeypatch.chdir(tmp_path)
    for job in Study(found).jobs:
        for path in job.outputs:
            write_text(path, "")
    return found


def gone(config: Config, rule: str, **wildcards: str) -> list[Job]:
    """Remove the outputs of a rule's jobs with these wildcards; the jobs."""
    jobs = [job for job in Study(config).jobs if job.rule == rule and wildcards.items() <= job.wildcards.items()]
    assert jobs
    for job in jobs:
        for path in job.outputs:
            path.unlink()
    return jobs


def lost(config: Config, variant: str, dataset: str = "tiny", model: str = "det"):
    """The record of a missing cell."""
    (found,) = [m for m in missing_cells(config) if (m.dataset, m.model, m.variant) == (dataset, model, variant)]
    return found


def test_of_a_complete_study_nothing_is_missing(config: Config) -> None:
    assert missing_cells(config) == []


def test_a_cell_that_alone_is_missing_lacks_its_scoring(config: Config) -> None:
    Path(BLURRED).unlink()
    (found,) = missing_cells(config)
    assert (found.variant, found.seed, found.evaluated_on) == ("body-blur-medium", 0, "original")
    assert (found.rule, found.ended, found.lines) == ("score", "has not run", [])
    assert found.log == "logs/score/tiny/det/body-blur-medium/seed0/original.log"


@pytest.mark.parametrize(
    ("rule", "wildcards"),
    [
        ("predict", {"model": "det", "variant": "body-blur-medium"}),
        ("train_model", {"model": "det", "variant": "body-blur-medium"}),
        ("compose_variant", {"dataset": "tiny", "method": "blur"}),
        ("anonymize_shard", {"dataset": "tiny", "method": "blur"}),
        ("deal_regions", {"dataset": "tiny"}),
        ("find_regions", {"dataset": "tiny", "split": "train"}),
        ("convert_split", {"dataset": "tiny", "split": "train"}),
    ],
)
def test_the_first_job_that_nothing_missing_stands_before(config: Config, rule: str, wildcards: dict) -> None:
    """All that follows is missing, too, back to the job that could run now."""
    chain = ["score", "predict", "train_model", "compose_variant", "anonymize_shard", "deal_regions", "find_regions"]
    for later in [*chain, "convert_split"]:
        if later == rule:
            break
        gone(config, later)
    (job, *_) = gone(config, rule, **wildcards)
    found = lost(config, "body-blur-medium")
    assert (found.rule, found.log) == (rule, str(job.log))


def test_what_a_made_variant_once_needed_is_not_missing(config: Config) -> None:
    """Shards and regions may be deleted once the variant is composed."""
    Path(BLURRED).unlink()
    for rule in ("anonymize_shard", "deal_regions", "find_regions"):
        gone(config, rule)
    assert lost(config, "body-blur-medium").rule == "score"


def test_a_generator_holds_up_its_own_cells_alone(config: Config) -> None:
    for rule in ("score", "predict", "train_model", "compose_variant", "anonymize_shard"):
        gone(config, rule)
    gone(config, "train_generator")
    assert lost(config, "body-gan-medium", model="pose").rule == "train_generator"
    assert lost(config, "body-blur-medium", model="pose").rule == "anonymize_shard"
    assert lost(config, "original", model="pose").rule == "train_model"


def test_the_end_of_a_log_tells_what_happened(config: Config) -> None:
    gone(config, "score")
    gone(config, "predict")
    (job,) = gone(config, "train_model", model="det", variant="body-blur-medium", dataset="tiny")
    write_text(job.log, "10:00:00 INFO epoch 1\n10:00:01 ERROR Not enough memory. Ask for more.\n")
    found = lost(config, "body-blur-medium")
    assert (found.ended, found.lines) == ("failed", ["10:00:01 ERROR Not enough memory. Ask for more."])
    traceback = [f"  line {number}" for number in range(40)]
    write_text(job.log, "\n".join(["10:00:01 ERROR seed0 failed", *traceback, "KeyError: 'x'", ""]))
    found = lost(config, "body-blur-medium")
    assert len(found.lines) == LINES and found.lines[0] == "10:00:01 ERROR seed0 failed"
    assert found.lines[1] == "…" and found.lines[-2:] == ["  line 39", "KeyError: 'x'"]
    write_text(job.log, "10:00:00 INFO epoch 1\n")
    found = lost(config, "body-blur-medium")
    assert (found.ended, found.lines) == ("was interrupted, or is running", ["10:00:00 INFO epoch 1"])
    write_text(record_of_job(job.log), "{}")
    assert lost(config, "body-blur-medium").ended == "has run, but its files are gone"


def test_of_several_shards_the_one_that_failed_is_named(config: Config) -> None:
    for rule in ("score", "predict", "train_model", "compose_variant"):
        gone(config, rule)
    tiny = gone(config, "anonymize_shard", dataset="tiny", method="blur")
    assert len(tiny) == 3
    write_text(tiny[1].log, "10:00:01 ERROR No room.\n")
    assert lost(config, "body-blur-medium").log == str(tiny[1].log)


def test_a_crossed_cell_waits_for_the_variants_validation_images(config: Config) -> None:
    config.study[0].evaluate_on.append("crossed")
    for job in Study(config).jobs:
        for path in job.outputs:
            write_text(path, "")
    gone(config, "compose_variant", split="val", method="blur")
    crossed = [m for m in missing_cells(config) if m.evaluated_on == "body-blur-medium"]
    assert crossed == []  # made already: only what lacks a score is missing
    for path in Path("results/cells/tiny").glob("*/original/seed0/body-blur-medium.json"):
        path.unlink()
    for path in Path("results/predictions/tiny").glob("*/original/seed0/body-blur-medium.json.gz"):
        path.unlink()
    crossed = [m for m in missing_cells(config) if m.evaluated_on == "body-blur-medium"]
    assert {(m.variant, m.rule) for m in crossed} == {("original", "compose_variant")}


def test_a_draw_waits_for_its_own_generator(config: Config) -> None:
    block = next(block for block in config.study if "gan" in block.methods)
    block.draws.append(1)
    for job in Study(config).jobs:
        for path in job.outputs:
            write_text(path, "")
    (job,) = gone(config, "train_generator", generator="tiny_body-draw1")
    for rule in ("anonymize_shard", "compose_variant"):
        gone(config, rule, method="gan", draw="-draw1")
    for rule in ("train_model", "predict", "score"):
        gone(config, rule, variant="body-gan-medium-draw1")
    (found,) = missing_cells(config)
    assert (found.variant, found.rule, found.log) == ("body-gan-medium-draw1", "train_generator", str(job.log))


@pytest.fixture
def remade(config: Config) -> Config:
    """The study with re-made labels, with every output of its jobs in place."""
    next(block for block in config.study if "gan" in block.methods).labels.append("remade")
    for job in Study(config).jobs:
        for path in job.outputs:
            write_text(path, "")
    for rule in ("train_model", "predict", "score"):
        gone(config, rule, variant="body-gan-medium-remade")
    return config


REMADE = {"variant": "body-gan-medium-remade", "model": "pose"}


def test_a_training_on_remade_labels_waits_for_them(remade: Config) -> None:
    assert lost(remade, **REMADE).rule == "train_model"
    assert lost(remade, **REMADE).log.endswith("train_model/tiny/pose/body-gan-medium-remade/seed0.log")
    (job,) = gone(remade, "relabel")
    assert (lost(remade, **REMADE).rule, lost(remade, **REMADE).log) == ("relabel", str(job.log))


def test_remade_labels_wait_for_the_model_of_the_originals(remade: Config) -> None:
    gone(remade, "relabel")
    (job,) = gone(remade, "train_model", variant="original", model="pose", dataset="tiny")
    found = lost(remade, **REMADE)
    assert (found.rule, found.log) == ("train_model", str(job.log))


def test_remade_labels_wait_for_the_variants_images(remade: Config) -> None:
    gone(remade, "relabel")
    gone(remade, "compose_variant", split="train", method="gan")
    assert lost(remade, **REMADE).rule == "compose_variant"


def test_only_a_training_on_them_waits_for_remade_labels(remade: Config) -> None:
    gone(remade, "relabel")
    gone(remade, "train_model", variant="body-gan-medium", model="pose")
    gone(remade, "predict", variant="body-gan-medium", model="pose")
    gone(remade, "score", variant="body-gan-medium", model="pose")
    assert lost(remade, "body-gan-medium", model="pose").rule == "train_model"
