"""BDD100K: bitmasks and RLE say the same, and detection's boxes count their last pixel."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from anonbench.config.regions import RegionsConfig
from anonbench.datasets.formats import bdd100k
from anonbench.regions.build import build_regions
from anonbench.regions.files import decode_region
from tests.helpers import official
from tests.helpers.converted import convert, edit, edit_json, fails, made_format, of_image

IMAGES = 6
INS, DET = "bdd100k_ins_seg_labels_trainval.zip", "bdd100k_det_20_labels_trainval.zip"
RLES, BOXES = "bdd100k/labels/ins_seg/rles/ins_seg_train.json", "bdd100k/labels/det_20/det_train.json"
BITMASK = "bdd100k/labels/ins_seg/bitmasks/train/00000000-train.png"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bdd")
    official.bdd100k(folder, IMAGES)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "official")


def objects(index: int) -> list[dict]:
    return official.bdd_objects(official.scenes(IMAGES, 0, "train")[index][1], index)


@pytest.mark.parametrize("labels", ["bitmasks", "rles"])
def test_masks_and_flags(made, tmp_path, labels):
    content = convert(made, tmp_path, "bdd100k", "train", labels=labels)
    assert len(content["images"]) == IMAGES
    for index in range(IMAGES):
        found = of_image(content, index)
        assert len(found) == len(objects(index))
        for annotation, entry in zip(found, objects(index), strict=True):
            assert np.array_equal(coco_mask.decode(annotation["segmentation"]), entry["mask"])
            assert annotation["category_id"] == official.BDD_IDS[entry["category"]]
            assert annotation["attributes"] == {key: int(value) for key, value in entry["flags"].items()}
            assert annotation["iscrowd"] == int(entry["flags"]["crowd"] or entry["flags"]["ignored"])
            assert annotation["area"] == entry["mask"].sum()
    assert [sum(a["iscrowd"] for a in of_image(content, index)) for index in (0, 1, 2)] == [0, 1, 1]
    assert of_image(content, 3) == []
    assert content["info"]["images_left_out_without_labels"] == 1
    assert [c["name"] for c in content["categories"] if c["is_person"]] == ["pedestrian", "rider"]
    assert len(content["categories"]) == 8


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("b1c66a42-6f7d68ca.jpg", {"group": "b1c66a42-6f7d68ca"}),
        ("b1c66a42-6f7d68ca-0000123.jpg", {"group": "b1c66a42-6f7d68ca"}),
        ("b1c66a42-6f7d68ca-123.jpg", {}),
        ("ffffffff-train.jpg", {}),
    ],
)
def test_the_name_tells_the_video(name, group):
    assert bdd100k.group_of(name) == group


def test_images_of_videos_have_a_group(made, tmp_path, monkeypatch):
    monkeypatch.setattr(bdd100k, "group_of", lambda name: {"group": name[:8]})
    content = convert(made, tmp_path, "bdd100k", "train")
    assert [image["group"] for image in content["images"]] == [f"{index:08x}" for index in range(IMAGES)]


def test_bitmasks_and_rles_are_one_dataset(made, tmp_path):
    bitmasks, rles = (convert(made, tmp_path / k, "bdd100k", "val", labels=k) for k in ("bitmasks", "rles"))
    assert bitmasks["annotations"] == rles["annotations"]
    assert bitmasks["images"] == rles["images"]


def test_detection(made, tmp_path):
    content = convert(made, tmp_path, "bdd100k", "train", labels="det_20")
    assert [c["id"] for c in content["categories"]] == list(range(1, 11))
    for index in range(IMAGES):
        for annotation, entry in zip(of_image(content, index), objects(index), strict=True):
            rows, columns = np.nonzero(entry["mask"])
            assert annotation["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert annotation["iscrowd"] == int(entry["flags"]["crowd"] or entry["flags"]["ignored"])
    assert content["info"]["labels_left_out_without_box2d"] == 1  # the lane
    assert content["info"]["images_left_out_without_labels"] == 1


def test_other_people_are_people(made, folder, tmp_path):
    """Whom the annotators call "other person" is neither learned nor scored, but anonymized."""

    def rename(frames):
        frames[0]["labels"][0]["category"] = "other person"
        frames[0]["labels"][0]["attributes"] = None

    edit_json(folder / DET, BOXES, rename)
    first = convert(folder, tmp_path / "out", "bdd100k", "train", labels="det_20")["annotations"][0]
    assert first["category_id"] == 1 and first["iscrowd"] == 1 and first["attributes"]["ignored"] == 1


def test_official_frames_and_names_of_every_year(folder, tmp_path):
    """Frames and labels as in det_train.json, with more attributes than are kept, names of 2018, and ignored kinds."""
    names = {
        "person": (1, 0), "pedestrian": (1, 0), "rider": (2, 0), "motor": (7, 0), "bike": (8, 0),
        "traffic light": (9, 0), "other person": (1, 1), "other vehicle": (3, 1), "trailer": (4, 1),
    }  # fmt: skip

    def rewrite(frames):
        weather = {"weather": "clear", "timeofday": "daytime", "scene": "city street"}
        more = {"occluded": False, "truncated": True, "trafficLightColor": "NA"}
        for frame in frames:
            frame |= {"attributes": weather, "timestamp": 10000}
        box = {"box2d": {"x1": 10.25, "y1": 20.5, "x2": 40.25, "y2": 90.75}}
        frames[0]["labels"] = [
            {"id": f"0000f77c-{number}", "attributes": more, "category": name} | box
            for number, name in enumerate(names)
        ]
        frames[1]["labels"] = []
        del frames[2]["labels"]

    edit_json(folder / DET, BOXES, rewrite)
    content = convert(folder, tmp_path, "bdd100k", "train", labels="det_20")
    assert [(a["category_id"], a["iscrowd"]) for a in of_image(content, 0)] == list(names.values())
    assert all(a["bbox"] == [10.25, 20.5, 31, 71.25] for a in of_image(content, 0))
    assert of_image(content, 1) == of_image(content, 2) == [] and len(content["images"]) == IMAGES
    assert "segmentation" not in content["annotations"][0]

    # Nothing separates a body from the rest of its box: all of it is the region, of ignored people, too.
    found = build_regions(tmp_path / "train.json", tmp_path / "images" / "train", "body", RegionsConfig())
    regions = [decode_region(record) for record in found.images[0].regions]
    assert len(regions) == 4 and found.counts.not_located == 0
    for region in regions:
        assert region.mask is None and np.array_equal(region.box, [10.25, 20.5, 41.25, 91.75])


def test_files(made):
    masks, rles, boxes = (made_format("bdd100k", labels=labels) for labels in ("bitmasks", "rles", "det_20"))
    assert made_format("bdd100k").config == masks.config
    assert masks.needs("train") == ("images_10k", "ins_seg") == rles.needs("val")
    assert boxes.needs("train") == ("images_100k", "det_20")
    assert len(masks.FILES) == 4 and all(not file.urls and file.login for file in masks.FILES.values())
    assert (masks.size("train").images, boxes.size("train").images, boxes.size("val").images) == (7000, 69863, 10000)


def test_large_instance_numbers_and_unknown_categories(folder, tmp_path):
    pixels = np.zeros((*official.SIZE[::-1], 4), np.uint8)
    pixels[:10, :10] = 1, 0, 255, 255
    pixels[20:30, :10] = 1, 0, 0, 1
    pixels[40:50, :10] = 9, 0, 0, 2  # beyond the eight categories
    edit(folder / INS, BITMASK, lambda data: official.encoded(pixels, "PNG"))
    content = convert(folder, tmp_path / "out", "bdd100k", "train")
    assert [a["bbox"] for a in of_image(content, 0)] == [[0, 20, 10, 10], [0, 0, 10, 10]]
    assert content["info"]["instances_left_out_of_other_categories"] == 1


@pytest.mark.parametrize(
    ("archive", "member", "change", "labels", "words"),
    [
        (INS, BITMASK, lambda data: data[:80], "bitmasks", "not a readable bitmask"),
        (INS, BITMASK, lambda data: official.encoded(np.zeros((192, 256), np.uint8), "PNG"), "bitmasks", "mode L"),
        (INS, BITMASK, lambda data: official.encoded(np.zeros((9, 9, 4), np.uint8), "PNG"), "bitmasks", "256 x 192"),
        (INS, RLES, lambda data: data[:-9], "rles", "not valid JSON"),
        (INS, RLES, lambda data: data.replace(b'"car"', b'"ufo"'), "rles", "unknown category 'ufo'"),
        (INS, RLES, lambda data: data.replace(b"[192, 256]", b"[256, 192]"), "rles", "size is not the image's"),
        (DET, BOXES, lambda data: data.replace(b'"x2"', b'"xx"'), "det_20", "box2d without"),
        (DET, BOXES, lambda data: data.replace(b"00000001-train", b"00000000-train"), "det_20", "name of its own"),
        (DET, BOXES, lambda data: data.replace(b"00000001-train", b"gone"), "det_20", r"100k\.zip lacks gone\.jpg"),
    ],
)
def test_mistakes_are_named(folder, tmp_path, archive, member, change, labels, words):
    edit(folder / archive, member, change)
    fails(folder, tmp_path / "out", "bdd100k", "train", words, labels=labels)


def test_json_files_may_be_lists_or_have_frames(folder, tmp_path):
    before = convert(folder, tmp_path / "a", "bdd100k", "train", labels="det_20")
    edit(folder / DET, BOXES, lambda data: b"\n " + json.dumps({"config": {}, "frames": json.loads(data)}).encode())
    assert convert(folder, tmp_path / "b", "bdd100k", "train", labels="det_20") == before
