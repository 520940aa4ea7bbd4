"""A few cells of every dataset and model of ``config/paper.yaml``, run on miniatures of the official files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from anonbench.study.checks import load
from tests.helpers.checks import cell_complaints, compare, read
from tests.helpers.miniature import PAPER, build, paper, prepare
from tests.helpers.project import Project
from tests.helpers.server import Answer, serve

pytestmark = pytest.mark.slow

BEHIND_A_LOGIN = ("cityscapes", "bdd100k", "bdd100k_det")
AP, PARTS = {"AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"}, {"AP_easy", "AP_medium", "AP_hard"}

# Dataset -> its models' variants besides the original; every method, both regions, all generators.
VARIANTS = {
    ("coco", "mask-rcnn_coco"): [("face", "pixelate", "high"), ("body", "gan", "medium")],
    ("coco", "td-hm_hrnet-w32"): [("body", "gan", "medium"), ("face", "gan", "high")],
    ("wider_face", "tinaface"): [("face", "gan", "low")],
    ("crowdpose", "td-hm_hrnet-w32"): [("face", "gan", "low"), ("body", "gan", "high")],
    ("cityscapes", "mask-rcnn_cityscapes"): [("face", "blur", "low"), ("body", "inpaint", "low")],
    ("bdd100k", "mask-rcnn_bdd100k"): [("face", "blur", "low"), ("body", "mask_out", "low")],
    ("bdd100k_det", "faster-rcnn_bdd100k"): [("body", "gan", "low")],
}
# Some of the metrics by which each protocol is told from the others.
METRICS = {
    ("coco", "detection"): AP,
    ("coco", "instance_segmentation"): AP,
    ("coco", "pose"): {"AP", "AP_large", "AR", "PCK"},
    ("wider_face", "detection"): PARTS,
    ("crowdpose", "pose"): {"AP", "AR", *PARTS},
    ("cityscapes", "detection"): AP,
    ("cityscapes", "instance_segmentation"): {"AP", "AP50"},
    ("bdd100k", "detection"): AP,
    ("bdd100k", "instance_segmentation"): AP,
    ("bdd100k_det", "detection"): AP,
}
CHANGED = [
    (dataset, "-".join(variant))
    for dataset, variant in sorted({(d, v) for (d, _), variants in VARIANTS.items() for v in variants})
]


def study() -> list[dict[str, Any]]:
    """A block for every variant."""
    return [
        {"datasets": [dataset], "models": [model], "regions": [r], "methods": [m], "levels": [level], "seeds": [0]}
        for (dataset, model), variants in VARIANTS.items()
        for r, m, level in variants
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project with its summary; the first connection broke, and the server is gone by now."""
    files, root = tmp_path_factory.mktemp("official"), tmp_path_factory.mktemp("paper")
    build(files, lambda fmt: {"coco2017": 12, "wider_face": 8}.get(fmt, 6))
    with serve() as server:
        project = prepare(root, files, server, study())
        server.script = [Answer(cut=100)]
        result = project.snakemake("results/summary.csv", "--keep-going")
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-12000:]
        asked = [name for name, *_ in server.requests]
        assert any(server.ranges) and len(set(asked)) == len(asked) - 1
        assert not [name for name in asked if name.startswith(BEHIND_A_LOGIN)]
    yield project


@pytest.fixture(scope="module")
def summary(finished: Project) -> pd.DataFrame:
    return pd.read_csv(finished.root / "results/summary.csv")


def test_every_dataset_and_task_has_its_cells(summary: pd.DataFrame) -> None:
    found = {tuple(row) for row in summary[["dataset", "task", "model", "region", "method", "level"]].to_numpy()}
    assert found == {
        (dataset, task, model, *variant)
        for (dataset, model), variants in VARIANTS.items()
        for task in paper()["models"][model]["tasks"]
        for variant in [("none", "original", "none"), *variants]
    }


@pytest.mark.parametrize(("dataset", "task"), METRICS, ids="-".join)
def test_the_metrics_are_the_protocols(summary: pd.DataFrame, dataset: str, task: str) -> None:
    rows = summary[(summary.dataset == dataset) & (summary.task == task)]
    overall = set(rows[rows.scope == "all"].metric)
    assert METRICS[dataset, task] <= overall
    assert ("AP" in overall) == (dataset != "wider_face") and ("AP_easy" in overall) == (
        PARTS <= METRICS[dataset, task]
    )
    assert (rows.value.dropna().between(0, 1)).all() and rows.value.notna().any()


def test_every_planned_cell_has_its_metrics(finished: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(finished.root)
    assert not list(cell_complaints(finished.root, load(finished.merged())))


@pytest.mark.parametrize(("dataset", "variant"), CHANGED, ids=map("-".join, CHANGED))
def test_pixels_change_within_regions_alone(finished: Project, dataset: str, variant: str) -> None:
    found = compare(finished.root, dataset, "train", variant)
    assert not found.complaints
    # No dataset is without: where faces are not annotated, the detector finds some of the rendered ones.
    assert found.regions > 0 and found.largest > 10


def test_every_generator_was_trained_on_people(finished: Project) -> None:
    for name in paper()["generators"]:
        assert read(finished.root / f"resources/generators/{name}/log.json")["people"] > 0


def test_a_second_run_has_nothing_to_do(finished: Project) -> None:
    result = finished.snakemake("results/summary.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Nothing to be done" in result.stdout + result.stderr


def test_without_the_files_behind_a_login_the_rest_can_be_planned(tmp_path: Path) -> None:
    project = Project.create(tmp_path, {}, PAPER)
    result = project.snakemake("results/summary.csv", "--dry-run")
    printed = result.stdout + result.stderr
    assert result.returncode != 0
    for name in (
        "leftImg8bit_trainvaltest",
        "gtFine_trainvaltest",
        "bdd100k_images_10k",
        "bdd100k_ins_seg_labels_trainval",
        "bdd100k_images_100k",
        "bdd100k_det_20_labels_trainval",
    ):
        assert f"- {name}.zip of " in printed
    cell = "results/cells/{}/face-gan-low/seed0/original.json"
    result = project.snakemake(cell.format("coco/mask-rcnn_coco"), "--dry-run", "--quiet")
    assert result.returncode == 0, result.stdout + result.stderr
    two = [cell.format(f"{name}/mask-rcnn_{name}") for name in ("cityscapes", "coco")]
    result = project.snakemake(*two, "--dry-run")
    assert "gtFine" in result.stdout + result.stderr and "bdd100k_" not in result.stdout + result.stderr
    result = project.snakemake("plan")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "606 cells from 606 trainings." in result.stdout


def test_other_addresses_of_the_same_files_run_nothing(finished: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.dumps(finished.config)
    assert told.count("http://127.0.0.1:") > 5
    monkeypatch.setattr(finished, "config", json.loads(told.replace("http://127.0.0.1:", "http://127.0.0.2:")))
    assert finished.planned() == set()
