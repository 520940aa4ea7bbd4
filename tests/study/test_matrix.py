"""One small study, run for real: controls, doses, crossed cells, draws and labels that a model makes again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from anonbench.common.files import sha256_file
from anonbench.study.checks import load
from anonbench.study.jobs import Study
from tests.helpers.checks import cell_complaints
from tests.helpers.odd_coco import DOG, build_odd_coco
from tests.helpers.project import Project
from tests.study.conftest import toy_config

pytestmark = pytest.mark.slow

BODIES = {"regions": ["body"], "levels": ["medium"]}


@pytest.fixture(scope="module")
def studied(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The finished study, whose jobs were those that ``plan`` counts."""
    config = toy_config()
    del config["datasets"]["ped"]
    config["methods"] = {"blur": {"half": {"sigma": 0.1, "share": 0.5}, "nobody": {"sigma": 0.1, "share": 0.0}}}
    config["study"] = [
        {
            "datasets": ["own"],
            "models": ["det"],
            **BODIES,
            "methods": ["drop_images", "drop_labels"],
            "levels": ["all"],
        },
        {"datasets": ["tiny"], "models": ["det"], **BODIES, "methods": ["blur"], "levels": ["half", "nobody"]},
        {"datasets": ["tiny"], "models": ["pose"], **BODIES, "methods": ["gan", "mask_out"], "draws": [0, 1]}
        | {"evaluate_on": ["original", "crossed"]},
        {"datasets": ["tiny"], "models": ["taught"], **BODIES, "methods": ["gan"], "labels": ["remade"]},
    ]
    config["models"]["taught"] = {"config": "config/models/taught.py", "tasks": ["pose"]}
    project = Project.create(tmp_path_factory.mktemp("matrix"), config)
    # Long enough to find somebody.
    model = "_base_ = 'td-hm_mobilenetv2_toy.py'\ntrain_cfg = dict(max_epochs=40)\n"
    (project.root / config["models"]["taught"]["config"]).write_text(model)
    project.config["datasets"]["own"] = build_odd_coco(project.root / "own data")
    _add_a_dog(project.root / "own data" / "train labels.json")
    dry = project.snakemake("results/summary.csv", "--dry-run")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project.root)
        jobs = Study(load(project.merged())).jobs
    assert {str(job.log) for job in jobs} == set(re.findall(r"^ +log: (.*)$", dry.stdout + dry.stderr, re.MULTILINE))
    result = project.snakemake("results/summary.csv")
    assert result.returncode == 0, result.stdout + result.stderr
    return project


def _add_a_dog(path: Path) -> None:
    """Into the image of nobody, so that it can be learned from."""
    labels = json.loads(path.read_text())
    nobody = next(image["id"] for image in labels["images"] if image["file_name"] == "nobody.jpg")
    outline = [[5, 5, 25, 5, 25, 25, 5, 25]]
    dog = {"id": 9999, "image_id": nobody, "category_id": DOG, "bbox": [5, 5, 20, 20], "segmentation": outline}
    path.write_text(json.dumps(labels | {"annotations": [*labels["annotations"], dog]}))


def manifest(studied: Project, variant: str) -> dict:
    return json.loads((studied.root / "resources/variants" / variant / "manifest.json").read_text())


def test_every_cell_is_there_and_a_second_run_has_nothing_to_do(studied: Project, monkeypatch) -> None:
    monkeypatch.chdir(studied.root)
    assert not list(cell_complaints(Path(), load(studied.merged())))
    assert studied.planned() == set()
    summary = pd.read_csv("results/summary.csv")
    found = summary[summary.labels == "kept"]
    found = found.groupby(["dataset", "model", "region", "method", "level", "draw", "evaluated_on"]).size()
    assert set(found.index) == {
        ("own", "det", "none", "original", "none", 0, "original"),
        ("own", "det", "body", "drop_images", "all", 0, "original"),
        ("own", "det", "body", "drop_labels", "all", 0, "original"),
        ("tiny", "det", "none", "original", "none", 0, "original"),
        ("tiny", "taught", "none", "original", "none", 0, "original"),
        ("tiny", "det", "body", "blur", "half", 0, "original"),
        ("tiny", "det", "body", "blur", "nobody", 0, "original"),
        *(("tiny", "pose", "none", "original", "none", 0, on) for on in (
            "original", "body-gan-medium", "body-gan-medium-draw1", "body-mask_out-medium",
        )),
        ("tiny", "pose", "body", "gan", "medium", 0, "original"),
        ("tiny", "pose", "body", "gan", "medium", 1, "original"),
        ("tiny", "pose", "body", "mask_out", "medium", 0, "original"),
    }  # fmt: skip
    remade = summary[summary.labels == "remade"]
    (names,) = remade[["dataset", "model", "region", "method", "level", "draw"]].drop_duplicates().to_numpy().tolist()
    assert names == ["tiny", "taught", "body", "gan", "medium", 0]


def test_a_level_for_nobody_trains_the_model_of_the_originals(studied: Project) -> None:
    """The same images in the same order, with the same seed: the same numbers."""
    cells = studied.root / "results/cells/tiny/det"
    scores = [json.loads((cells / v / "seed0/original.json").read_text()) for v in ("original", "body-blur-nobody")]
    assert scores[0]["tasks"] == scores[1]["tasks"]


def test_a_generator_and_its_people_differ_between_draws(studied: Project) -> None:
    generators = studied.root / "resources/generators"
    assert sorted(path.name for path in generators.iterdir()) == ["tiny_body", "tiny_body-draw1"]
    assert len({sha256_file(path / "generator.safetensors") for path in generators.iterdir()}) == 2
    first, second = (manifest(studied, f"tiny/val/body-gan-medium{draw}") for draw in ("", "-draw1"))
    assert [one["recipe"]["seed"] for one in (first, second)] == [0, 1]
    assert second["variant"] == "body-gan-medium-draw1"
    edits = [{image["file_name"]: image["edit"]["sha256"] for image in one["images"]} for one in (first, second)]
    assert edits[0].keys() == edits[1].keys() and not set(edits[0].values()) & set(edits[1].values())


def test_a_model_learns_labels_that_are_remade_from_the_variants_images(studied: Project) -> None:
    path = "results/labels/tiny/taught/body-gan-medium/seed0/train.json"
    split, originals = (
        json.loads((studied.root / one).read_text()) for one in (path, "resources/datasets/tiny/annotations/train.json")
    )
    people = next(category["id"] for category in split["categories"] if category["is_person"])
    pairs = list(zip(originals["annotations"], split["annotations"], strict=True))
    learned = [
        (old, new) for old, new in pairs if old["category_id"] == people and not old["iscrowd"] and old["num_keypoints"]
    ]
    counts = split["info"]["remade_labels"]
    assert counts["people"] == len(learned) == counts["remade"] + counts["ignored"] > counts["remade"] > 0
    assert sum(new["iscrowd"] for _, new in learned) == counts["ignored"]
    assert all(old["keypoints"] != new["keypoints"] for old, new in learned if not new["iscrowd"])
    assert all(old == new for old, new in pairs if old["category_id"] != people)
    config = (studied.root / "results/models/tiny/taught/body-gan-medium-remade/seed0/config.py").read_text()
    assert path in config and "resources/variants/tiny/train/body-gan-medium/manifest.json" in config
    assert not list((studied.root / "resources/variants").rglob("*remade*"))


def test_the_originals_model_finds_less_of_people_who_are_not_shown(studied: Project) -> None:
    folder = studied.root / "results/predictions/tiny/pose/original/seed0"
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert len(found) == 4 == len(set(found.values()))


def test_what_is_left_out_and_who_stays_visible_is_told(studied: Project) -> None:
    audit = pd.read_csv(studied.root / "results/audit.csv").set_index(["method", "level", "split", "draw"]).sort_index()
    assert audit.loc["drop_images", "images_left_out"].tolist()[0] > 5
    assert audit.loc["drop_labels", "labels_removed"].tolist()[0] > 5
    half, nobody = (audit.loc[("blur", level, "train", 0)] for level in ("half", "nobody"))
    assert nobody.changed == 0 and nobody.left_on_purpose == nobody.regions == half.changed + half.left_on_purpose
    assert 0 < half.left_on_purpose < half.regions and half.left == nobody.left == 0
    text = (studied.root / "results/summary.md").read_text()
    assert f"**{half.left_on_purpose + nobody.left_on_purpose} faces or bodies are left visible on purpose**" in text


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("results/cells/own/det/body-drop_images-all/seed0/anonymized.json", "it leaves out images, for training only"),
        ("results/cells/own/det/original/seed0/body-drop_labels-all.json", "it leaves out labels, for training only"),
        ("results/cells/own/det/face-drop_labels-all/seed0/original.json", "the labels of own are of bodies"),
        (
            "results/cells/tiny/pose/body-mask_out-medium-remade/seed0/original.json",
            "with mask_out, which draws nobody",
        ),
        ("results/labels/tiny/pose/face-gan-medium/seed0/train.json", "the labels of tiny are of bodies, which stay"),
    ],
)
def test_a_target_that_makes_no_sense_stops_before_any_job(studied: Project, target: str, told: str) -> None:
    result = studied.snakemake(target, "--dry-run")
    text = result.stdout + result.stderr
    assert result.returncode == 1 and told in text and "Traceback" not in text
