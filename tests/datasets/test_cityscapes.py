"""Cityscapes: masks pixel by pixel from the official drawing, groups as crowds, void as the evaluation knows it."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from anonbench.datasets.formats.cityscapes import CLASSES
from tests.helpers import official
from tests.helpers.converted import convert, edit, fails, of_image

IMAGES = 6
FINE = "gtFine/train/aachen/aachen_000000_000019_gtFine"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("city")
    official.cityscapes(folder, IMAGES)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "official")


def test_the_drawing_can_be_put_together_again(made, tmp_path):
    """Masks, classes and groups are exactly those of the picture, so nothing of the eight classes is lost or moved."""
    content = convert(made, tmp_path, "cityscapes", "train")
    for index, (_, records) in enumerate(official.scenes(IMAGES, 0, "train")):
        drawn = official.draw_city(official.city_objects(records, index))
        rebuilt = np.zeros(drawn.shape, int)
        for annotation in of_image(content, index):
            mask = coco_mask.decode(annotation["segmentation"]).astype(bool)
            (value,) = np.unique(drawn[mask])
            assert not rebuilt[mask].any() and annotation["iscrowd"] == (value < 1000)
            assert annotation["category_id"] == (value if value < 1000 else value // 1000)
            rows, columns = np.nonzero(mask)
            assert annotation["bbox"] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert annotation["area"] == mask.sum()
            rebuilt[mask] = value
        scored = np.isin(np.where(drawn >= 1000, drawn // 1000, drawn), list(CLASSES))
        assert np.array_equal(rebuilt, np.where(scored, drawn, 0))


def test_people_groups_and_what_is_left_out(made, tmp_path):
    content = convert(made, tmp_path, "cityscapes", "train")
    assert content["images"][0]["file_name"] == "aachen/aachen_000000_000019_leftImg8bit.png"
    assert [c["name"] for c in content["categories"] if c["is_person"]] == ["person", "rider"]
    assert {a["category_id"] for a in content["annotations"]} >= {24, 25, 26}
    group = [a for a in content["annotations"] if a["iscrowd"]]
    assert len(group) == 1 and group[0]["category_id"] == 24 and group[0]["image_id"] == content["images"][1]["id"]
    assert content["info"]["instances_left_out_of_other_classes"] == 1  # the caravan
    covered = 0
    for index, (_, records) in enumerate(official.scenes(IMAGES, 0, "train")):
        objects = official.city_objects(records, index)
        names = [o["label"] for o in objects if o["label"] in CLASSES.values() and not o.get("deleted")]
        values = np.unique(official.draw_city(objects))
        covered += len(names) - np.isin(values // 1000, list(CLASSES)).sum()
    assert content["info"]["instances_left_out_wholly_covered"] == covered >= 1


def test_images_of_one_sequence_are_a_group(made, tmp_path):
    content = convert(made, tmp_path, "cityscapes", "train")
    names = [image["file_name"].split("/")[1].split("_") for image in content["images"]]
    assert [image["group"] for image in content["images"]] == [f"{city}_{sequence}" for city, sequence, *_ in names]


def test_void_is_what_the_official_evaluation_calls_void(made, tmp_path):
    content = convert(made, tmp_path, "cityscapes", "train")
    for index, (_, records) in enumerate(official.scenes(IMAGES, 0, "train")):
        drawn = official.draw_city(official.city_objects(records, index))
        void = coco_mask.decode(content["images"][index]["void"]).astype(bool)
        # Ego vehicle, out of roi, static; the caravan is an instance and so in no list of labels.
        assert np.array_equal(void, np.isin(drawn, [0, 1, 3, 4]))
        assert void[0].all() and void[-1].all() and not void.all()
    assert (drawn >= 0).all()  # licence plates are not drawn


@pytest.mark.parametrize(
    ("archive", "member", "change", "words"),
    [
        ("gtFine", f"{FINE}_instanceIds.png", lambda data: None, r"gtFine.*lacks aachen/.*instanceIds"),
        ("gtFine", f"{FINE}_polygons.json", lambda data: None, r"gtFine.*lacks aachen/.*polygons"),
        ("gtFine", f"{FINE}_polygons.json", lambda data: b"[]", "not in Cityscapes' format"),
        ("gtFine", f"{FINE}_instanceIds.png", lambda data: data[:90], "unreadable"),
        ("gtFine", f"{FINE}_instanceIds.png", lambda data: official.encoded(np.zeros((192, 256, 3), np.uint8), "PNG"),
         "not a picture of instance ids"),
        ("gtFine", f"{FINE}_instanceIds.png", lambda data: official.encoded(np.full((9, 9), 24, np.uint8), "PNG"),
         "256 x 192"),
        ("leftImg8bit", "leftImg8bit/train/aachen/aachen_000000_000019_leftImg8bit.png", lambda data: None,
         r"leftImg8bit.*lacks aachen"),
    ],
)  # fmt: skip
def test_mistakes_are_named(folder, tmp_path, archive, member, change, words):
    edit(folder / f"{archive}_trainvaltest.zip", member, change)
    fails(folder, tmp_path / "out", "cityscapes", "train", words)


def test_the_test_split_is_not_public(made, tmp_path):
    fails(made, tmp_path, "cityscapes", "test", "no split 'test'")
