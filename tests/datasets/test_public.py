"""Penn-Fudan and LSPET: tiny archives in the official layouts, and the real ones."""

import io
import json
import zipfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from anonbench.common.errors import UserError
from anonbench.datasets.prepare import prepare
from tests.helpers.converted import made_format, samples_of
from tests.helpers.tiny_archives import NAMES, tiny_lspet, tiny_pennfudan, upright_joints


def convert(fmt: str, archive: Path, folder: Path, split: str, **keys) -> dict:
    annotations = folder / f"{split}.json"
    prepare(made_format(fmt, **keys), split, {"archive": archive}, folder / "images" / split, annotations, fmt)
    return json.loads(annotations.read_text())


def nothing_left(folder: Path) -> bool:
    return {path.name for path in folder.rglob("*")} <= {"images"}


def test_pennfudan_splits_and_masks(tmp_path):
    archive = tiny_pennfudan(tmp_path / "ped.zip")
    train, val = (convert("pennfudan", archive, tmp_path / "out", split) for split in ("train", "val"))
    assert [i["file_name"] for i in train["images"]] == [f"Ped{k}.png" for k in (0, 1, 2, 4, 5, 6)]
    assert [i["file_name"] for i in val["images"]] == ["Ped3.png", "Ped7.png"]
    assert [a["image_id"] for a in train["annotations"]] == [2, 3, 3, 4, 5, 5]
    second = train["annotations"][2]
    assert second["bbox"] == [10, 5, 4, 6] and second["area"] == 24 and second["iscrowd"] == 0
    assert coco_mask.decode(second["segmentation"])[5:11, 10:14].sum() == 24
    assert train["categories"] == [{"id": 1, "name": "person", "supercategory": "person", "is_person": True}]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"without": "PennFudanPed/PedMasks/Ped3_mask.png"}, ["ped.zip", "Ped3.png", "mask"]),
        ({"mask": np.zeros((21, 30), np.uint8)}, ["ped.zip: Ped3.png", "30 x 20", "30 x 21"]),
        ({"mask": np.zeros((20, 30, 3), np.uint8)}, ["ped.zip", "Ped3_mask.png", "label"]),
    ],
)
def test_pennfudan_archive_that_is_wrong_inside(tmp_path, keys, words):
    with pytest.raises(UserError) as caught:
        convert("pennfudan", tiny_pennfudan(tmp_path / "ped.zip", **keys), tmp_path / "out", "val")
    assert all(word in caught.value.problem for word in words)
    assert nothing_left(tmp_path / "out")


@pytest.mark.parametrize("fmt", ["pennfudan", "lspet"])
def test_archive_of_another_dataset(tmp_path, fmt):
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as out:
        out.writestr("a.txt", "")
    with pytest.raises(UserError, match=r"other\.zip.*layout under `archive`"):
        convert(fmt, tmp_path / "other.zip", tmp_path / "out", "train")


def test_split_that_a_dataset_does_not_have(tmp_path):
    with pytest.raises(UserError, match=r"pennfudan dataset.* has no split 'generator'.*train, val"):
        convert("pennfudan", tiny_pennfudan(tmp_path / "ped.zip"), tmp_path / "out", "generator")


def test_lspet_splits(tmp_path):
    archive = tiny_lspet(tmp_path / "lspet.zip", upright_joints(10), root="lspet_dataset/")
    numbers = {}
    for split in ("train", "val", "generator"):
        content = convert("lspet", archive, tmp_path / "out", split)
        numbers[split] = [i["file_name"] for i in content["images"]]
    assert numbers == {
        "train": [f"im{k:05d}.jpg" for k in (1, 2, 3, 6, 7, 8)],
        "val": ["im00004.jpg", "im00009.jpg"],
        "generator": ["im00005.jpg", "im00010.jpg"],
    }


def test_lspet_box_and_visibility_come_from_labelled_joints(tmp_path):
    joints = upright_joints(5)
    wrist = NAMES.index("left_wrist")
    joints[wrist, :, 0] = (-80.5, -33, 0)
    content = convert("lspet", tiny_lspet(tmp_path / "lspet.zip", joints), tmp_path / "out", "train")
    first, second = content["annotations"][:2]
    assert first["keypoints"][3 * wrist : 3 * wrist + 3] == [0, 0, 0]
    assert (first["num_keypoints"], second["num_keypoints"]) == (13, 14)
    assert set(second["keypoints"][2::3]) == {2}
    # Joints span (50..70, 10..210); a tenth of 200 px is added all round and cut at the image, 120 x 215 px.
    assert first["bbox"] == second["bbox"] == [30, 0, 60, 215]
    assert first["area"] == pytest.approx(0.53 * 60 * 215) and first["bbox_source"] == "keypoints"
    category = content["categories"][0]
    assert dict(zip(category["keypoints"], category["sigmas"], strict=True))["left_hip"] == 0.107
    ends = {frozenset((NAMES[a - 1], NAMES[b - 1])) for a, b in category["skeleton"]}
    assert {"neck", "head_top"} in ends and {"left_knee", "left_ankle"} in ends and len(ends) == 14


def test_lspet_upright_only(tmp_path):
    joints = upright_joints(6)
    middle = np.array([60, 110, 0])[:, None]
    joints[:, :, 1] = (middle + (joints[:, :, 1].T - middle) * np.array([[1], [-1], [1]])).T  # a handstand
    joints[:, :2, 4] = joints[:, 1::-1, 4]  # lying
    archive = tiny_lspet(tmp_path / "lspet.zip", joints)
    content = convert("lspet", archive, tmp_path / "out", "train", upright_only=True)
    assert [i["file_name"] for i in content["images"]] == ["im00001.jpg", "im00003.jpg", "im00004.jpg"]
    assert content["info"]["people_left_out_not_upright"] == 2
    everybody = convert("lspet", archive, tmp_path / "all", "train", upright_only=False)
    assert [i["file_name"] for i in everybody["images"]] == [f"im{k:05d}.jpg" for k in (1, 2, 3, 6)]


@pytest.mark.parametrize(
    ("joints", "images", "words"),
    [
        (upright_joints(10), 3, ["im00006.jpg", "3 such images"]),
        (upright_joints(2), None, ["'val'"]),
        (np.zeros((14, 10)), None, ["joints.mat", "(14, 10)"]),
        (np.full((14, 3, 10), np.nan), None, ["joints.mat", "finite"]),
    ],
)
def test_lspet_archive_that_is_wrong_inside(tmp_path, joints, images, words):
    archive = tiny_lspet(tmp_path / "lspet.zip", joints, images=images)
    split = "val" if images is None else "train"
    with pytest.raises(UserError) as caught:
        convert("lspet", archive, tmp_path / "out", split, upright_only=False)
    assert all(word in caught.value.problem for word in ["lspet.zip", *words])


def test_lspet_damaged_matrix(tmp_path):
    with zipfile.ZipFile(tmp_path / "lspet.zip", "w") as out:
        out.writestr("joints.mat", b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(UserError, match=r"lspet\.zip: joints\.mat is unreadable"):
        convert("lspet", tmp_path / "lspet.zip", tmp_path / "out", "train")


@pytest.mark.photographs
def test_real_pennfudan(shared_data):
    files = {"archive": shared_data / "PennFudanPed.zip"}
    splits = {split: made_format("pennfudan").load(split, files) for split in ("train", "val")}
    assert {split: len(loaded.names) for split, loaded in splits.items()} == {"train": 128, "val": 42}
    people = {split: sum(len(sample.annotations) for sample in samples_of(loaded)) for split, loaded in splits.items()}
    assert people == {"train": 312, "val": 111}


@pytest.mark.photographs
def test_real_lspet(shared_data):
    archive = shared_data / "lspet_upright.zip"
    splits = {split: made_format("lspet").load(split, {"archive": archive}) for split in ("train", "val", "generator")}
    # All 1,426 people of the upright part pass the upright rule.
    assert {split: len(loaded.names) for split, loaded in splits.items()} == {
        "train": 856,
        "val": 285,
        "generator": 285,
    }
    for sample in islice(samples_of(splits["val"]), 40):
        (person,) = sample.annotations
        x, y, width, height = person["bbox"]
        assert x >= 0 and y >= 0 and x + width <= sample.declared_size[0] and y + height <= sample.declared_size[1]
        assert person["num_keypoints"] >= 12 and height > 50


@pytest.mark.photographs
def test_real_archive_converts(shared_data, tmp_path):
    archive = shared_data / "lspet_upright.zip"
    content = convert("lspet", archive, tmp_path, "val")
    assert len(content["images"]) == len(content["annotations"]) == 285
    with zipfile.ZipFile(archive) as opened, Image.open(io.BytesIO(opened.read("images/im00004.jpg"))) as before:
        with Image.open(tmp_path / "images" / "val" / "im00004.jpg") as after:
            assert np.array_equal(np.asarray(before), np.asarray(after))
