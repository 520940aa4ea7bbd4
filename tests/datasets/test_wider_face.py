"""WIDER FACE: images without faces, invalid faces, boxes without size, all in the order that official scoring needs."""

import io
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from scipy.io import loadmat, savemat

from anonbench.common.errors import UserError
from anonbench.config.regions import RegionsConfig
from anonbench.datasets.formats.wider_face import read_faces
from anonbench.datasets.tables import wider_face_settings
from anonbench.regions.build import build_regions
from tests.helpers import official
from tests.helpers.converted import convert, edit, fails, made_format, of_image

IMAGES = 6


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wider")
    official.wider_face(folder, IMAGES)
    return folder


def test_all_faces_in_the_official_order(made, tmp_path):
    content = convert(made, tmp_path, "wider_face", "train")
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
    content = convert(made, tmp_path, "wider_face", "val")
    monkeypatch.setattr("anonbench.regions.build.face_detector", lambda config: pytest.fail("no detector is needed"))
    config = RegionsConfig.model_validate({"face": {"unannotated": "leave"}})
    found = build_regions(tmp_path / "val.json", tmp_path / "images" / "val", "face", config)
    regions = [r for image in found.images for r in image.regions]
    assert [r.annotation_id for r in regions] == [a["id"] for a in content["annotations"]]
    # A face without size may be anywhere: its image is hidden.
    boxes = [[None] * 4 if 0 in a["bbox"][2:] else a["bbox"] for a in content["annotations"]]
    assert [list(r.box) for r in regions] == boxes
    assert found.counts.unlocated == found.counts.not_located == boxes.count([None] * 4) >= 2
    assert found.counts.annotated == len(regions) - found.counts.unlocated


def test_faces_have_no_bodies(made, tmp_path):
    assert made_format("wider_face").REGIONS == ("face",)
    convert(made, tmp_path, "wider_face", "val")
    with pytest.raises(UserError, match="faces only"):
        build_regions(tmp_path / "val.json", tmp_path / "images" / "val", "body", RegionsConfig())


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
    content = convert(folder, tmp_path / "out", "wider_face", "train")
    assert len(content["images"]) == IMAGES - 1 and content["info"]["images_left_out_not_listed"] == 1
    edit(labels, name, lambda text: text + b"0--Parade/gone.jpg\n0\n")
    fails(folder, tmp_path / "again", "wider_face", "train", r"WIDER_train\.zip lacks 0--Parade/gone\.jpg")


EVALUATION = "eval_tools.zip"
HARD = "eval_tools/ground_truth/wider_hard_val.mat"


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "official")


def test_faces_of_val_know_the_settings_that_count_them(made, tmp_path):
    wider_face = made_format("wider_face")
    assert wider_face.needs("val") == ("val", "labels", "evaluation")
    assert wider_face.needs("train") == ("train", "labels")
    content = convert(made, tmp_path, "wider_face", "val")
    assert content["info"]["protocol"] == "wider_face"
    for annotation in content["annotations"]:
        row = [*annotation["bbox"], *annotation["attributes"].values()]
        assert annotation["difficulty"] == [name for name in official.LEAST_HEIGHTS if official.counts(row, name)]
    assert {len(a["difficulty"]) for a in content["annotations"]} == {0, 1, 2, 3}
    # The official list of val has a face of zeros where there is none, and its evaluation counts detections there.
    (nobody,) = of_image(content, 1)
    assert nobody["bbox"] == [0, 0, 0, 0] and nobody["iscrowd"] == 1
    train = convert(made, tmp_path, "wider_face", "train")
    assert "protocol" not in train["info"] and not any("difficulty" in a for a in train["annotations"])


def lists(path: Path, change) -> None:
    """Change the arrays of the list of hard faces."""

    def apply(data: bytes) -> bytes:
        content = {k: v for k, v in loadmat(io.BytesIO(data)).items() if not k.startswith("__")}
        change(content)
        buffer = io.BytesIO()
        savemat(buffer, content)
        return buffer.getvalue()

    edit(path, HARD, apply)


def first(content, key):
    """The first event's cells, one an image; the first image begins the labels, too."""
    return content[key][0, 0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: first(c, "face_bbx_list")[0, 0].__iadd__(1), r"other faces of 12--Group/\S+_val_0\.jpg than .*txt"),
        (lambda c: first(c, "face_bbx_list").__setitem__((0, 0), np.zeros((0, 4))), "unreadable.*all the faces"),
        (lambda c: first(c, "file_list").__setitem__((0, 0), "gone"), r"lacks the image 12--Group/"),
        (lambda c: first(c, "gt_list").__setitem__((0, 0), np.array([[0]])), "unreadable.*all the faces"),
        (lambda c: first(c, "gt_list").__setitem__((0, 0), np.array([[9]])), "unreadable.*all the faces"),
        (lambda c: first(c, "gt_list").__setitem__((0, 0), np.array([[0.5]])), "unreadable.*whole"),
        (lambda c: first(c, "face_bbx_list").__setitem__((0, 0), np.ones((1, 5))), "unreadable.*four numbers"),
        (lambda c: c.pop("gt_list"), "unreadable.*gt_list"),
        (lambda c: c.update(event_list=c["event_list"][:1]), "unreadable"),
    ],
)
def test_lists_that_do_not_fit_the_labels(folder, tmp_path, change, words):
    lists(folder / EVALUATION, change)
    fails(folder, tmp_path / "out", "wider_face", "val", words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: None, "no file .*wider_hard_val"),
        (lambda data: b"", "not a MATLAB 5 file"),
        (lambda data: data[:300], "unreadable"),
        (lambda data: data[:128] + bytes(2000), "unreadable"),
    ],
)
def test_a_list_that_is_missing_or_damaged(folder, tmp_path, change, words):
    edit(folder / EVALUATION, HARD, change)
    fails(folder, tmp_path / "out", "wider_face", "val", words)


def test_a_list_that_unpacks_to_too_much(folder, tmp_path, monkeypatch):
    packed = zlib.compress(bytes(2_000_000))
    edit(folder / EVALUATION, HARD, lambda data: data + struct.pack("<II", 15, len(packed)) + packed)
    convert(folder, tmp_path / "fine", "wider_face", "val")
    monkeypatch.setattr(wider_face_settings, "MAX_BYTES", 1_000_000)
    fails(folder, tmp_path / "out", "wider_face", "val", "unpacks to more than 1 MB")
