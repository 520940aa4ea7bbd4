"""CrowdPose: joints, crowd index, and the counts and areas that its official evaluation reads."""

import json
import shutil
from pathlib import Path

import pytest

from anonbench.regions.body import body_region
from anonbench.regions.face import keypoint_face
from tests.helpers import official
from tests.helpers.converted import convert, fails, made_format

IMAGES = 6


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("crowd")
    official.crowdpose(folder, IMAGES)
    return folder


def test_official_parts(made, tmp_path):
    on_test, on_val = made_format("crowdpose"), made_format("crowdpose", evaluated="val")
    assert (on_test.needs("train"), on_test.needs("val")) == (("images", "trainval"), ("images", "test"))
    assert (on_val.needs("train"), on_val.needs("val")) == (("images", "train"), ("images", "val"))
    assert [made.size(split).images for made in (on_test, on_val) for split in ("train", "val")] == [
        12_000, 8_000, 10_000, 2_000
    ]  # fmt: skip
    assert len(convert(made, tmp_path / "a", "crowdpose", "train")["images"]) == 2 * IMAGES
    assert len(convert(made, tmp_path / "b", "crowdpose", "train", evaluated="val")["images"]) == IMAGES
    test = convert(made, tmp_path / "c", "crowdpose", "val")
    assert [i["id"] for i in test["images"]] == [300_000 + index for index in range(IMAGES)]


def test_what_the_official_evaluation_reads_is_kept(made, tmp_path):
    content = convert(made, tmp_path, "crowdpose", "val")
    raw = json.loads((made / "crowdpose_test.json").read_text())
    assert [i["crowdIndex"] for i in content["images"]] == [i["crowdIndex"] for i in raw["images"]]
    assert {i["crowdIndex"] for i in content["images"]} == {0.0, 0.4, 1.09}
    before = {a["id"]: a for a in raw["annotations"]}
    assert before.keys() == {a["id"] for a in content["annotations"]}
    for record in content["annotations"]:
        old = before[record["id"]]
        for key in ("image_id", "bbox", "iscrowd", "keypoints", "num_keypoints"):
            assert record[key] == old[key]
        assert record["area"] == pytest.approx(0.53 * old["bbox"][2] * old["bbox"][3])
    # Head and neck are labelled, but the official file counts no keypoint, and its evaluation ignores the person.
    headed, crowd = (a for a in content["annotations"] if a["num_keypoints"] == 0)
    assert headed["iscrowd"] == 0 and sum(v > 0 for v in headed["keypoints"][2::3]) == 2
    assert crowd["iscrowd"] == 1 and not any(crowd["keypoints"])


def test_joints_are_named_so_that_heads_and_bodies_are_found(made, tmp_path):
    content = convert(made, tmp_path, "crowdpose", "val")
    (category,) = content["categories"]
    assert category["keypoints"][:2] == ["left_shoulder", "right_shoulder"]
    assert category["keypoints"][-2:] == ["top_head", "neck"] and len(category["sigmas"]) == 14
    sigmas = dict(zip(category["keypoints"], category["sigmas"], strict=True))
    assert (sigmas["left_hip"], sigmas["right_wrist"], sigmas["top_head"]) == (0.107, 0.062, 0.079)
    assert all(1 <= end <= 14 for bone in category["skeleton"] for end in bone)
    person = next(a for a in content["annotations"] if a["num_keypoints"] == 0)
    assert keypoint_face(person, category["keypoints"]).source == "keypoints"
    body = body_region(person, category["keypoints"], *official.SIZE[::-1], 0.1)
    x, y, width, height = map(round, person["bbox"])
    # The head reaches beyond the annotated box, of which all is hidden.
    assert body.source == "keypoints" and body.mask[y : y + height, x : x + width].all()
    assert body.mask.sum() > width * height


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["images"][0].pop("crowdIndex"), "crowdIndex is not a number from 0 on: '200000"),
        (lambda c: c["images"][0].update(crowdIndex=-0.1), "crowdIndex"),
        (lambda c: c["images"][0].update(file_name="gone.jpg"), r"images\.zip lacks gone\.jpg"),
        (lambda c: c["annotations"][0].update(image_id=3), "image_id 3"),
        (lambda c: c["categories"][0]["keypoints"].pop(), "14 joints"),
    ],
)
def test_mistakes_are_named(made, tmp_path, change, words):
    folder = shutil.copytree(made, tmp_path / "official")
    path = folder / "crowdpose_val.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    fails(folder, tmp_path / "out", "crowdpose", "val", words, evaluated="val")


def test_a_count_above_the_labelled_joints_is_corrected(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "official")
    path = folder / "crowdpose_val.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["num_keypoints"] = 15
    path.write_text(json.dumps(content))
    converted = convert(folder, tmp_path / "out", "crowdpose", "val", evaluated="val")
    first = next(a for a in converted["annotations"] if a["id"] == content["annotations"][0]["id"])
    assert first["num_keypoints"] == sum(v > 0 for v in first["keypoints"][2::3])
    assert converted["info"]["num_keypoints_corrected"] == 1
