"""WIDER FACE: images without faces, invalid faces, boxes without size, all in the order that official scoring needs."""

import shutil
from pathlib import Path

import pytest

from anonbench.datasets.formats import wider_face
from anonbench.datasets.formats.wider_face import read_faces
from anonbench.errors import UserError
from anonbench.regions.build import build_regions
from tests.datasets import official
from tests.datasets.converted import convert, edit, fails, of_image

IMAGES = 6


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wider")
    official.wider_face(folder, IMAGES)
    return folder


def test_all_faces_in_the_official_order(made, tmp_path):
    content = convert(made, tmp_path, wider_face, "train")
    assert len(content["images"]) == IMAGES
    assert content["images"][1]["file_name"] == "0--Parade/0_Parade_Parade_train_1.jpg"
    assert of_image(content, 1) == []
    for index, (_, records) in enumerate(official.scenes(IMAGES, 0, "train")):
        boxes = [[round(v) for v in r["face_box"]] for r in records if r.get("face_valid")] if index != 1 else []
        boxes = {2: [[10, 12, 7, 9]], 3: [[40, 50, 0, 6]]}.get(index, []) + boxes
        assert [a["bbox"] for a in of_image(content, index)] == boxes
    invalid, sizeless = of_image(content, 2)[0], of_image(content, 3)[0]
    assert invalid["attributes"] == {
        "blur": 2, "expression": 0, "illumination": 0, "invalid": 1, "occlusion": 0, "pose": 0,
    }  # fmt: skip
    assert sizeless["attributes"]["pose"] == 1 and sizeless["area"] == 0
    # Neither is an object to find, nor background.
    assert [a["id"] for a in content["annotations"] if a["iscrowd"]] == [invalid["id"], sizeless["id"]]
    info = content["info"]
    assert (info["faces_ignored_marked_invalid"], info["faces_ignored_without_size"]) == (1, 1)
    assert info["images_without_faces"] == sum(not of_image(content, index) for index in range(IMAGES))
    assert info["people_with_empty_box"] == 1


def test_every_face_is_a_region_and_nobody_is_searched(made, tmp_path, monkeypatch):
    content = convert(made, tmp_path, wider_face, "val")
    monkeypatch.setattr("anonbench.regions.build.decode", lambda path: pytest.fail("no detector is needed"))
    found = build_regions(tmp_path / "val.json", tmp_path / "images" / "val", "face", {"min_face_size": 16})
    regions = [r for image in found["images"] for r in image["regions"]]
    assert [r["annotation_id"] for r in regions] == [a["id"] for a in content["annotations"]]
    assert [r["box"] for r in regions] == [a["bbox"] for a in content["annotations"]]
    assert found["counts"]["annotated"] == len(regions) and found["counts"]["degenerate"] == 1


def test_faces_have_no_bodies(made, tmp_path):
    convert(made, tmp_path, wider_face, "val")
    with pytest.raises(UserError, match="faces only"):
        build_regions(tmp_path / "val.json", tmp_path / "images" / "val", "body", {"limb_width": 0.1})


def test_a_face_at_the_corner_without_size_still_counts_as_annotated():
    faces = dict(read_faces(b"a.jpg\n2\n0 0 0 0 0 0 0 0 0 0\n1 2 3 4 0 0 0 0 0 0\n", "x"))
    assert faces == {"a.jpg": [[0] * 10, [1, 2, 3, 4, 0, 0, 0, 0, 0, 0]]}


@pytest.mark.parametrize("zeros", [b"0 0 0 0 0 0 0 0 0 0 \r\n", b""])
def test_the_row_of_zeros_after_a_count_of_zero_is_no_face(zeros):
    text = b"a.jpg\n0\n" + zeros + b"b.jpg\n1\n1 2 3 4 0 0 0 0 0 0 \n\n"
    assert [(name, len(rows)) for name, rows in read_faces(text, "x")] == [("a.jpg", 0), ("b.jpg", 1)]


@pytest.mark.parametrize(
    "text", [b"a.jpg\n", b"a.jpg\nmany\n", b"a.jpg\n2\n1 2 3 4 0 0 0 0 0 0\n", b"a.jpg\n1\n1 2 3 4\n", b"a.jpg\n-1\n"]
)
def test_text_that_is_not_in_the_format(text):
    with pytest.raises(UserError, match="gt.txt"):
        list(read_faces(text, "gt.txt"))


def test_images_that_are_missing_or_not_listed(made, tmp_path):
    folder = shutil.copytree(made, tmp_path / "official")
    labels, name = folder / "wider_face_split.zip", "wider_face_split/wider_face_train_bbx_gt.txt"
    edit(labels, name, lambda text: text[text.index(b"0--Parade") :])  # drops the first image
    content = convert(folder, tmp_path / "out", wider_face, "train")
    assert len(content["images"]) == IMAGES - 1 and content["info"]["images_left_out_not_listed"] == 1
    edit(labels, name, lambda text: text + b"0--Parade/gone.jpg\n0\n")
    fails(folder, tmp_path / "again", wider_face, "train", r"WIDER_train\.zip lacks 0--Parade/gone\.jpg")
