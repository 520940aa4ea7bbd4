"""The whole of ``config/paper.yaml``, run on miniatures of the official files: cut down by configuration alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from anonbench.datasets.registry import format_module
from anonbench.files import sha256_file
from anonbench.images import decode
from tests.datasets import official
from tests.datasets.server import Answer, Server, serve
from tests.workflow.project import ROOT, Project

PAPER = "config/paper.yaml"
BEHIND_A_LOGIN = ("cityscapes", "bdd100k", "bdd100k_det")
DETECTOR, POSE = "mask-rcnn_mobilenetv2_toy.py", "td-hm_mobilenetv2_toy.py"
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


def overlay(files: Path, server: Server) -> dict[str, Any]:
    """What cuts the study down to the miniatures in ``files``: other bytes, toy models and generators, few cells."""
    paper = yaml.safe_load((ROOT / PAPER).read_text())
    datasets = {
        name: {"files": {}, "shards": min(spec.get("shards", 1), 2)} for name, spec in paper["datasets"].items()
    }
    datasets["coco"]["gan_share"] = 0.5
    for name, spec in datasets.items():
        for role, file in format_module(paper["datasets"][name]["format"]).FILES.items():
            path = files / name / file.file_name
            if path.exists():
                spec["files"][role] = {"digest": f"sha256:{sha256_file(path)}", "size": path.stat().st_size}
                if name not in BEHIND_A_LOGIN:
                    spec["files"][role]["urls"] = [server.url(f"{name}/{file.file_name}")]
                    server.files[f"{name}/{file.file_name}"] = path.read_bytes()
    sizes = {"face": {"width": 32, "height": 32}, "body": {"width": 32, "height": 64}}
    return {
        "datasets": datasets,
        "generators": {
            name: {**sizes["face" if "face" in name.split("_")[-1] else "body"], "channels": 4, "epochs": 1, "batch": 4}
            for name in paper["generators"]
        },
        "models": {
            name: {"config": f"config/models/{POSE if model['tasks'] == ['pose'] else DETECTOR}"}
            for name, model in paper["models"].items()
        },
        "study": [
            {"datasets": [dataset], "models": [model], "regions": [r], "methods": [m], "levels": [level], "seeds": [0]}
            for (dataset, model), variants in VARIANTS.items()
            for r, m, level in variants
        ],
        "runtime": {"precision": "float32", "device": "cpu"},
        "archives": ["archives"],
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Miniatures of the official files, in a folder for each dataset."""
    folder = tmp_path_factory.mktemp("official")
    for name in yaml.safe_load((ROOT / PAPER).read_text())["datasets"]:
        (folder / name).mkdir()
        images = {"coco": 12, "wider_face": 8}.get(name, 6)
        getattr(official, {"coco": "coco2017", "bdd100k_det": "bdd100k"}.get(name, name))(folder / name, images=images)
    return folder


@pytest.fixture(scope="module")
def finished(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The project with its summary; the first connection broke, and the server is gone by now."""
    root = tmp_path_factory.mktemp("paper")
    with serve() as server:
        project = Project.create(root, overlay(files, server), PAPER)
        for name in BEHIND_A_LOGIN:
            (root / "archives").mkdir(exist_ok=True)
            (files / name).rename(root / "archives" / name)
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
    paper = yaml.safe_load((ROOT / PAPER).read_text())
    assert found == {
        (dataset, task, model, *variant)
        for (dataset, model), variants in VARIANTS.items()
        for task in paper["models"][model]["tasks"]
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


def record(project: Project, path: str) -> Any:
    return json.loads((project.root / "resources" / path).read_text())


@pytest.mark.parametrize(("dataset", "variant"), CHANGED, ids=map("-".join, CHANGED))
def test_pixels_change_within_regions_alone(finished: Project, dataset: str, variant: str) -> None:
    manifest = record(finished, f"anonymized/{dataset}/train/{variant}/manifest.json")
    regions = record(finished, f"regions/{dataset}/train/{variant.split('-')[0]}.json")
    images = {image["file_name"]: image for image in regions["images"]}
    assert manifest["counts"]["images"] == len(images) == len(manifest["images"])
    assert manifest["counts"]["regions"] == regions["counts"]["regions"]
    # Nothing tells the faces of these two, and the detector need not find rendered ones.
    if not (variant.startswith("face") and dataset in BEHIND_A_LOGIN):
        assert manifest["counts"]["regions"] > 0
    largest = 0
    for entry in manifest["images"]:
        name = entry["file_name"]
        assert entry["regions"] == len(images[name]["regions"])
        before = (finished.root / f"resources/datasets/{dataset}/images/train" / name).read_bytes()
        after = (finished.root / f"resources/anonymized/{dataset}/train/{variant}/images" / name).read_bytes()
        if not entry["regions"]:
            assert after == before
            continue
        change = np.abs(decode(after, name).astype(int) - decode(before, name)).max(-1)
        inside = around([region["box"] for region in images[name]["regions"]], change.shape)
        # A JPEG is encoded anew: its pixels move by what rounding does.
        assert change[~inside].max(initial=0) <= (0 if name.endswith(".png") else 6)
        largest = max(largest, change[inside].max(initial=0))
    assert largest > 10 or not manifest["counts"]["regions"]


def around(boxes: list[list[float]], shape: tuple[int, int]) -> np.ndarray:
    """(height, width) bool: boxes, [x, y, w, h] px, with more than a level grows them by or hides one without size."""
    inside = np.zeros(shape, bool)
    for x, y, width, height in boxes:
        more = 0.1 * max(width, height) + 12
        top, left = (max(0, int(value - more)) for value in (y, x))
        inside[top : int(y + height + more) + 1, left : int(x + width + more) + 1] = True
    return inside


def test_every_generator_was_trained_on_people(finished: Project) -> None:
    for name in yaml.safe_load((ROOT / PAPER).read_text())["generators"]:
        assert record(finished, f"gan/{name}/log.json")["people"] > 0


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
