"""Market-1501: official splits, without junk, distractors and people of one photograph."""

from collections import Counter
from pathlib import Path

import pytest

from anonbench.datasets.format import SplitSize
from tests.helpers.converted import convert, fails, made_format
from tests.helpers.people_archives import market1501

ARCHIVE = "Market-1501-v15.09.15.zip"


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    market1501(folder / ARCHIVE)
    return folder


def test_the_attackers_people(made, tmp_path):
    content = convert(made, tmp_path, "market1501", "train")
    # Of person 10 there is one photograph.
    assert Counter(a["identity"] for a in content["annotations"]) == {2: 2, 7: 2}
    image, annotation = content["images"][1], content["annotations"][1]
    assert image["file_name"] == "bounding_box_train/0002_c4s2_000976_01.jpg" and image["camera"] == 4
    assert annotation["bbox"] == [0, 0, 64, 128] and annotation["area"] == 8192 and not annotation["iscrowd"]
    info = content["info"]
    assert info["people_left_out_with_too_few_photographs"] == info["files_left_out_other_names"] == 1
    assert "images_left_out_junk" not in info


def test_the_targets_are_those_of_query_and_gallery(made, tmp_path):
    content = convert(made, tmp_path, "market1501", "val")
    assert Counter(a["identity"] for a in content["annotations"]) == {1: 2, 3: 3}
    names = [image["file_name"] for image in content["images"]]
    assert names == ["bounding_box_test/0001_c1s1_001051_02.jpg", "query/0001_c2s1_000301_00.jpg",
                     "bounding_box_test/0003_c5s1_000002_00.jpg", "query/0003_c1s6_015971_00.jpg",
                     "query/0003_c4s6_015641_00.jpg"]  # fmt: skip
    assert [image["camera"] for image in content["images"]] == [1, 2, 5, 1, 4]
    info = content["info"]
    assert (info["images_left_out_junk"], info["images_left_out_distractors"]) == (1, 2)
    assert info["people_left_out_with_too_few_photographs"] == 1  # person 4


@pytest.mark.parametrize("name", ["0002_c1s1_000451_3.jpg", "0002_c1s1_000451_03.png", "2_c1s1_000451_03.jpg",
                                  "0002_c1s1_000451_03.jpg.jpg", "more/0002_c1s1_000451_03.jpg"])  # fmt: skip
def test_files_of_other_names_are_left_out_and_counted(tmp_path, name):
    market1501(tmp_path / ARCHIVE, more=(f"bounding_box_train/{name}",))
    content = convert(tmp_path, tmp_path / "out", "market1501", "train")
    assert len(content["images"]) == 4 and content["info"]["files_left_out_other_names"] == 2


def test_archives_that_are_not_the_official_one(tmp_path):
    market1501(tmp_path / ARCHIVE, more=("query/0002_c1s1_000451_03.jpg",))
    fails(tmp_path, tmp_path / "a", "market1501", "train", "person 0002 in both splits")
    market1501(tmp_path / ARCHIVE, size=(60, 120))
    fails(tmp_path, tmp_path / "b", "market1501", "train", "is 60 x 120 px, but its annotations say 64 x 128")
    market1501(tmp_path / ARCHIVE, more=("old/query/0001_c2s1_000301_00.jpg",))
    fails(tmp_path, tmp_path / "c", "market1501", "val", "more than one folder query/")


def test_what_is_known_before_it_is_read():
    market = made_format("market1501")
    assert market.size("train") == SplitSize(12_936, 12_936, 12_936, 8192, bodies=1.0)
    assert market.size("val").images == 16_483
    assert market.identifies() and market.REGIONS == ("body",) and market.splits() == ("train", "val")
