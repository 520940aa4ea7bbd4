"""COCO 2017: its two annotation files merge, crowds stay, and nothing is invented or lost."""

import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from anonbench.common.errors import UserError
from anonbench.regions.face import annotated_face
from tests.helpers import official
from tests.helpers.converted import convert, edit, edit_json, fails, made_format, of_image

IMAGES = 6
LABELS, INSTANCES, POSES = (
    "annotations_trainval2017.zip",
    "annotations/instances_train2017.json",
    "annotations/person_keypoints_train2017.json",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("coco")
    official.coco2017(folder, IMAGES)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "official")


def raw(folder: Path, member: str) -> dict:
    with zipfile.ZipFile(folder / LABELS) as archive:
        return json.loads(archive.read(member))


def test_every_official_record_is_there_unchanged(made, tmp_path):
    content = convert(made, tmp_path, "coco2017", "train")
    before = {a["id"]: a for a in raw(made, INSTANCES)["annotations"]}
    poses = {a["id"]: a for a in raw(made, POSES)["annotations"]}
    after = {a["id"]: a for a in content["annotations"]}
    assert after.keys() == before.keys()
    for key, record in after.items():
        for field in ("image_id", "category_id", "bbox", "area", "iscrowd"):
            assert record[field] == before[key][field]
        if not record["iscrowd"]:
            assert record["segmentation"] == before[key]["segmentation"]
        for field in ("keypoints", "num_keypoints"):
            assert record.get(field) == poses.get(key, {}).get(field)
    assert [c["name"] for c in content["categories"] if c["is_person"]] == ["person"]
    assert content["categories"][0]["sigmas"][:2] == [0.026, 0.025]
    assert len(content["images"]) == IMAGES and not of_image(content, IMAGES - 1)


def test_crowds_keep_their_mask(made, tmp_path):
    content = convert(made, tmp_path, "coco2017", "train")
    crowds = [a for a in content["annotations"] if a["iscrowd"]]
    assert crowds and all(isinstance(a["segmentation"], dict) and a["num_keypoints"] == 0 for a in crowds)
    before = {a["id"]: a["segmentation"] for a in raw(made, INSTANCES)["annotations"]}
    coco = COCO(str(tmp_path / "train.json"))
    for crowd in crowds:
        mask = coco_mask.decode(coco_mask.frPyObjects(before[crowd["id"]], *before[crowd["id"]]["size"]))
        assert np.array_equal(coco.annToMask(crowd), mask) and mask.any()


def test_whole_body_faces(made, tmp_path):
    assert made_format("coco2017").needs("val") == ("val", "labels")
    assert made_format("coco2017", face_boxes=True).needs("val") == ("val", "labels", "whole_body_val")
    plain = convert(made, tmp_path / "plain", "coco2017", "train")
    assert not any("face_box" in a for a in plain["annotations"])
    content = convert(made, tmp_path / "faces", "coco2017", "train", face_boxes=True)
    whole = {a["id"]: a for a in json.loads((made / "coco_wholebody_train_v1.0.json").read_text())["annotations"]}
    people = [a for a in content["annotations"] if a["category_id"] == 1]
    for person in people:
        # Where WholeBody's annotators could not see a face well, the common form must not say that there is none.
        valid = whole[person["id"]]["face_valid"]
        assert person.get("face_box") == (whole[person["id"]]["face_box"] if valid else None)
        assert person.get("face_valid") == (True if valid else None)
        assert (annotated_face(person) is not None) == valid
    assert content["info"]["faces_not_annotated"] == sum(not a["face_valid"] for a in whole.values()) > 0
    part = convert(made, tmp_path / "part", "coco2017", "train", face_boxes=True, generator_share=0.34)
    ids = {image["id"] for image in part["images"]}
    unseen = sum(not a["face_valid"] and a["image_id"] in ids for a in whole.values())
    assert part["info"]["faces_not_annotated"] == unseen < content["info"]["faces_not_annotated"]
    assert [{k: v for k, v in a.items() if not k.startswith("face_")} for a in content["annotations"]] == plain[
        "annotations"
    ]


def test_images_for_generators_are_held_out_of_training(made, tmp_path):
    with pytest.raises(UserError, match="no split 'generator'"):
        convert(made, tmp_path, "coco2017", "generator")
    parts = {
        split: {i["id"] for i in convert(made, tmp_path, "coco2017", split, generator_share=0.34)["images"]}
        for split in ("train", "generator")
    }
    everything = {i["id"] for i in convert(made, tmp_path / "all", "coco2017", "train")["images"]}
    assert parts["train"] | parts["generator"] == everything
    assert not parts["train"] & parts["generator"] and len(parts["generator"]) == 2
    drawn = set()
    for seed in range(4):
        content = convert(made, tmp_path / str(seed), "coco2017", "generator", generator_share=0.34, seed=seed)
        drawn.add(frozenset(image["id"] for image in content["images"]))
    assert len(drawn) > 1


@pytest.mark.parametrize(
    ("member", "change", "words"),
    [
        (INSTANCES, lambda c: c["annotations"][0].update(image_id=7), r"annotation \d+ has the image_id 7"),
        (INSTANCES, lambda c: c["annotations"][0].update(category_id=99), r"annotation \d+ has the category_id 99"),
        (INSTANCES, lambda c: c["images"][0].update(file_name="0.jpg"), r"train2017\.zip lacks 0\.jpg"),
        (INSTANCES, lambda c: c["images"][0].update(file_name="../0.jpg"), "climbs out"),
        (INSTANCES, lambda c: c["annotations"].append(c["annotations"][0]), "occurs twice"),
        (INSTANCES, lambda c: c["annotations"].append(5), "not an object: 5"),
        (INSTANCES, lambda c: c.update(images=[]), "lists no images"),
        (POSES, lambda c: c["categories"][0]["keypoints"].pop(), "17 keypoints"),
    ],
)
def test_mistakes_are_named(folder, tmp_path, member, change, words):
    edit_json(folder / LABELS, member, change)
    fails(folder, tmp_path / "out", "coco2017", "train", words)


def test_damaged_json(folder, tmp_path):
    edit(folder / LABELS, INSTANCES, lambda data: data[:-20])
    fails(folder, tmp_path / "out", "coco2017", "train", r"instances_train2017\.json is not valid JSON")
    edit(folder / LABELS, INSTANCES, lambda data: None)
    fails(folder, tmp_path / "out", "coco2017", "train", r"no file instances_train2017\.json")
    fails(folder, tmp_path / "out", "coco2017", "test", "no split 'test'")
