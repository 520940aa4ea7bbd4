"""``anonbench check`` and ``anonbench init``: what they say of a user's COCO file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from anonbench.cli.own import own_dataset, people_among
from anonbench.common.root import ROOT
from anonbench.config.config import read_config, with_defaults
from anonbench.detect.detector import Detections
from tests.helpers.own_coco import BOX, Own, listed, person, photo

X, Y, W, H = BOX


@pytest.fixture
def sees(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the detectors find people in these ``xyxy`` boxes of every image, and a face in that one."""

    def install(*boxes: tuple[float, ...], face: tuple[float, ...] | None = None) -> None:
        found = Detections(np.array(boxes, float).reshape(-1, 4), np.ones(len(boxes)))
        faces = Detections(np.array([face] if face else [], float).reshape(-1, 4), np.ones(1 if face else 0))
        monkeypatch.setattr("anonbench.detect.nanodet.NanoDet", lambda *_: lambda image: found)
        monkeypatch.setattr("anonbench.regions.build.face_detector", lambda config: lambda image: faces)

    return install


def test_a_sound_dataset(anonbench, sees, tmp_path) -> None:
    sees((X, Y, X + W, Y + H))
    own = Own(tmp_path, [person(1), person(2, segmentation=None)])
    result = anonbench("check", own.labels, own.images, "--out", tmp_path / "report.md")
    assert result.exit_code == 0, result.output
    page = (tmp_path / "report.md").read_text()
    assert page.strip() == result.stdout.strip()
    assert "**Nobody who is annotated would be left visible.**" in page
    assert "2 images of 160 x 120 to 160 x 120 px." in page
    assert "| person | 2 | 0 | yes |  |" in page
    assert "People are located 1 by mask, 1 by box." in page
    assert "| people | 2 | 2 |" in page and "| no face found | 0 | 2 |" in page
    assert "The detector finds 2 people, 2 of them annotated; 0 in 0 images are not." in page


def test_a_stranger_would_stay_visible(anonbench, sees, tmp_path) -> None:
    sees((X, Y, X + W, Y + H), (5, 10, 30, 100))
    own = Own(tmp_path, [person(1)], {"1.png": photo(), "2.png": photo()})
    result = anonbench("check", own.labels, own.images)
    assert result.exit_code == 1
    assert "Somebody would stay visible: a detector finds 3 unannotated people." in result.output
    assert "3 in 2 images are not" in result.output and result.output.index("- 2.png: 2") < result.output.index(
        "- 1.png: 1"
    )
    assert anonbench("check", own.labels, own.images, "--no-detect").exit_code == 0


def test_faces_beside_annotated_people_are_hidden(anonbench, sees, tmp_path) -> None:
    sees((X, Y, X + W, Y + H), face=(2, 2, 12, 14))
    own = Own(tmp_path, [person(1)], {"1.png": photo(), "2.png": photo()})
    result = anonbench("check", own.labels, own.images)
    assert result.exit_code == 1 and "| unannotated | 0 | 2 |" in result.output
    assert "| unannotated left | 0 | 2 |" in anonbench("check", own.labels, own.images, "--no-detect").output


def test_whoever_is_not_located_hides_an_image(anonbench, sees, tmp_path) -> None:
    sees()
    own = Own(tmp_path, [person(1), person(2, bbox=[3, 3, 0, 0], segmentation=None)])
    result = anonbench("check", own.labels, own.images)
    assert result.exit_code == 0 and "1 images are hidden as a whole." in result.output
    assert "people not located: 1" in result.output


def test_all_problems_are_told_and_not_only_the_first(anonbench, sees, tmp_path) -> None:
    sees()
    people = [person(1, bbox=[0.4, 0.2, 0.3, 0.7], segmentation=None) for _ in range(3)]
    images = {"1.png": photo(), "2.jpg": b"<html>", "3.jpg": b"version https://git-lfs.github.com/spec/v1\n"}
    own = Own(tmp_path, people, images, [listed(1, "1.png"), listed(2, "2.jpg"), listed(3, "3.jpg")])
    result = anonbench("check", own.labels, own.images)
    assert result.exit_code == 1 and "Not usable as it is: 2 problem(s) below." in result.output
    assert "fractions of the image's size?" in result.output
    assert "2.jpg" in result.output and "3.jpg" in result.output and "Git LFS" in result.output


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda own: own.labels.write_text("{"), "is not valid JSON"),
        (lambda own: own.labels.unlink(), "labels.json"),
        (lambda own: own.labels.write_text(own.labels.read_text().replace('"person"', '"tree"')), "--people"),
    ],
)
def test_what_cannot_be_read_at_all(anonbench, sees, tmp_path, change, told) -> None:
    sees()
    own = Own(tmp_path, [person(1)])
    change(own)
    result = anonbench("check", own.labels, own.images)
    assert result.exit_code == 2 and told in result.output


def test_people_are_known_by_their_names() -> None:
    names = ["Pedestrian", "traffic light", "human_adult", "manhole", "wo man", "bicycle rider", "personal car"]
    assert people_among(names) == ["Pedestrian", "wo man", "bicycle rider"] or "human_adult" in people_among(names)
    assert "manhole" not in people_among(names) and "personal car" not in people_among(names)


def test_unknown_keypoints_get_sigmas(tmp_path) -> None:
    category = {"id": 1, "name": "person", "keypoints": ["head", "tail"]}
    own = Own(tmp_path, [person(1)], categories=[category])
    assert own_dataset({"val": (own.images, own.labels)}, [])["sigmas"] == [0.067] * 2


@pytest.mark.parametrize("poses", [False, True])
def test_a_study_of_ones_own_data_begins(anonbench, tmp_path, poses) -> None:
    joints = {"keypoints": [70.0, 30, 2] * 17} if poses else {}
    names = [
        "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
        "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
        "right_ankle",
    ]  # fmt: skip
    category = {"id": 1, "name": "pedestrian"} | ({"keypoints": names} if poses else {})
    own = Own(tmp_path / "data", [person(1, **joints)] * 3, categories=[category])
    study = tmp_path / "my study"
    places = ("--train", own.labels, "--train-images", own.images, "--val", own.labels, "--val-images", own.images)
    result = anonbench("init", study, *places, "--name", "street")
    assert result.exit_code == 0, result.output
    page = (study / "study.yaml").read_text()
    written = yaml.safe_load(page)
    assert written["datasets"]["street"]["people"] == ["pedestrian"]
    assert (study / written["datasets"]["street"]["splits"]["train"]["images"]).resolve() == own.images
    tasks = [task for model in written["models"].values() for task in model["tasks"]]
    assert tasks == ["detection", "instance_segmentation", *(["pose"] if poses else [])]
    config = read_config(with_defaults(written, ROOT / "config" / "config.yaml"))
    assert [block.datasets for block in config.study] == [["street"]]
    again = anonbench("init", study, *places)
    assert again.exit_code == 2 and "is not empty" in again.output
    assert (study / "study.yaml").read_text() == page


@pytest.mark.slow
def test_the_study_that_init_begins_is_one_that_snakemake_plans(anonbench, tmp_path: Path) -> None:
    own = Own(tmp_path / "data", [person(1), person(2)])
    study = tmp_path / "my study"
    places = ("--train", own.labels, "--train-images", own.images, "--val", own.labels, "--val-images", own.images)
    anonbench("init", study, *places)
    where = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(study)]
    command = [sys.executable, "-m", "snakemake", *where, "--cores", "1", "-n", "results/summary.csv"]
    command += ["--configfile", str(study / "study.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "convert_split" in done.stdout + done.stderr and json.dumps("scenes") not in done.stdout
