"""Unannotated people: left, ignored, hidden in variants, or hidden everywhere."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from anonbench.common.images import decode
from anonbench.config.plugins import FORMATS
from anonbench.config.regions import RegionsConfig
from anonbench.datasets.prepare import prepare
from anonbench.datasets.strangers import CONFIDENT, Search
from anonbench.regions.build import build_regions
from tests.helpers.own_coco import HEIGHT, WIDTH, Own, person, photo

# An annotated person (60, 20) - (100, 110), a stranger, and a part of one at the edge.
FOUND = np.array([[58.0, 22, 101, 108], [10, 30, 30, 80], [150, 10, 171, 40]])
STRANGERS = np.zeros((HEIGHT, WIDTH), bool)
STRANGERS[30:80, 10:30] = STRANGERS[10:40, 150:] = True


@pytest.fixture
def detector(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Replace the detector of people by one that finds FOUND in every image; the images that it sees."""
    seen = []

    class Detector:
        def __init__(self, threshold: float) -> None:
            assert threshold == CONFIDENT

        def __call__(self, image: np.ndarray) -> Any:
            seen.append(image)
            return SimpleNamespace(boxes=FOUND)

    monkeypatch.setattr("anonbench.detect.nanodet.NanoDet", Detector)
    return seen


def convert(root: Path, split: str = "train", **keys: Any) -> tuple[dict[str, Any], dict[str, np.ndarray], Any]:
    """Convert two images, one without annotations; the JSON, the images, and the regions of bodies."""
    own = Own(root, [person(1)], {"1.png": photo(), "2.jpg": photo("JPEG")})
    out = root / "out"
    prepare(FORMATS.create("coco", own.config(**keys)), split, {}, out / "train", out / "train.json", "own")
    import json

    content = json.loads((out / "train.json").read_text())
    images = {image["file_name"]: decode(out / "train" / image["file_name"]) for image in content["images"]}
    return content, images, build_regions(out / "train.json", out / "train", "body", RegionsConfig())


def strangers(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [annotation for annotation in content["annotations"] if "unannotated" in annotation]


def test_nobody_is_looked_for_unasked(tmp_path: Path, detector: list[Any]) -> None:
    content, _, _ = convert(tmp_path)
    assert detector == [] and not any("strangers" in image for image in content["images"])


def test_left_people_are_counted(tmp_path: Path, detector: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    content, images, regions = convert(tmp_path, unannotated="leave")
    assert len(detector) == 2 and strangers(content) == []
    assert [image["strangers"] for image in content["images"]] == [2, 3]
    assert content["info"]["people_not_annotated_left_visible"] == 5
    assert "people not annotated left visible: 5" in caplog.text
    assert (images["1.png"] == decode(photo())).all()
    assert (regions.counts.unannotated_left, regions.counts.unannotated, regions.counts.regions) == (5, 0, 1)


@pytest.mark.parametrize("policy", ["ignore", "hide"])
def test_ignored_people_are_neither_learned_nor_background(tmp_path: Path, detector: list[Any], policy: str) -> None:
    content, images, regions = convert(tmp_path, unannotated=policy)
    found = strangers(content)
    assert [(one["image_id"], one["iscrowd"], one["category_id"]) for one in found] == [(1, 1, 1)] * 2 + [(2, 1, 1)] * 3
    assert [one["bbox"] for one in found[:2]] == [[10, 30, 20, 50], [150, 10, 10, 30]]
    assert len({one["id"] for one in content["annotations"]}) == 6
    assert (images["1.png"] == decode(photo())).all()
    counts = regions.counts
    assert counts.people == 1 and (counts.unannotated_left, counts.unannotated) == (
        (5, 0) if policy == "ignore" else (0, 5)
    )
    boxes = [[region.box for region in image.regions if region.source == "detected"] for image in regions.images]
    assert boxes[0] == ([(10, 30, 20, 50), (150, 10, 10, 30)] if policy == "hide" else [])
    assert len(boxes[1]) == (3 if policy == "hide" else 0)


def test_hidden_everywhere_they_are_black_in_the_originals(tmp_path: Path, detector: list[Any]) -> None:
    content, images, regions = convert(tmp_path, unannotated="hide_everywhere")
    assert strangers(content) == []
    one = images["1.png"]
    assert not one[STRANGERS].any() and (one[~STRANGERS] == decode(photo())[~STRANGERS]).all()
    assert images["2.jpg"][STRANGERS].max() < 12
    assert (regions.counts.unannotated_left, regions.counts.unannotated, regions.counts.regions) == (0, 5, 1)


def test_images_that_are_scored_on_stay_as_they_are(tmp_path: Path, detector: list[Any]) -> None:
    content, images, _ = convert(tmp_path, "val", unannotated="hide_everywhere")
    assert detector == [] and (images["1.png"] == decode(photo())).all()
    formats = [
        FORMATS.create("coco", Own(tmp_path / policy, [person(1)]).config(unannotated=policy))
        for policy in ("hide", "leave")
    ]
    assert "unannotated" not in formats[0].conversion("val") and formats[0].conversion("train")["unannotated"] == "hide"


def test_rendered_people_are_all_annotated() -> None:
    scenes = FORMATS.create("scenes", {"format": "scenes", "splits": {"train": 1, "val": 1}, "unannotated": "hide"})
    assert scenes.searched_for("train") is None


def test_a_detection_outside_or_without_extent_is_nobody() -> None:
    boxes = np.array([[-20.0, 5, -1, 9], [10, 10, 10.4, 50], [20, 20, 30, 40]])
    search = Search("hide", lambda image: SimpleNamespace(boxes=boxes))
    assert search.strangers(np.zeros((60, 80, 3), np.uint8), []).tolist() == [[20, 20, 30, 40]]
    nobody = Search("hide", lambda image: SimpleNamespace(boxes=np.zeros((0, 4))))
    assert nobody.strangers(np.zeros((60, 80, 3), np.uint8), [{"bbox": [1, 1, 5, 5]}]).shape == (0, 4)
