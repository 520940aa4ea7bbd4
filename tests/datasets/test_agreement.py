"""Training and validation splits have to fit each other before anything is trained."""

import json
from pathlib import Path

import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.agreement import check_agreement

PERSON = {"id": 1, "name": "person", "is_person": True}
BAG = {"id": 2, "name": "bag", "is_person": False}
ONE = {"category_id": 1, "bbox": [1, 2, 3, 4], "iscrowd": 0}
THING = ONE | {"category_id": 2}
CROWD = ONE | {"iscrowd": 1}


def split(tmp_path: Path, name: str, annotations: list, categories: list) -> Path:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps({"images": [], "annotations": annotations, "categories": categories}))
    return path


def check(tmp_path, train, val):
    check_agreement(split(tmp_path, "train", *train), split(tmp_path, "val", *val))


def test_splits_that_fit_pass(tmp_path):
    check(tmp_path, ([ONE], [PERSON]), ([CROWD, ONE], [PERSON]))
    check(tmp_path, ([THING], [PERSON, BAG]), ([THING, ONE], [BAG | {"id": 1}, PERSON | {"id": 2}]))
    check(tmp_path, ([ONE], [PERSON, BAG]), ([THING, ONE], [PERSON, BAG]))
    joints = PERSON | {"keypoints": ["a", "b"]}
    check(tmp_path, ([ONE], [joints]), ([ONE], [joints]))


@pytest.mark.parametrize(
    ("train", "val", "words"),
    [
        (([ONE], [PERSON, BAG]), ([ONE], [PERSON]), r"val.json lacks categories of .*train.json: bag\."),
        (([ONE], [PERSON]), ([ONE], [PERSON, BAG]), r"train.json lacks categories of .*val.json: bag\."),
        (([CROWD], [PERSON]), ([ONE], [PERSON]), "train.json has no box of a single"),
        (([ONE | {"bbox": [1, 2, 0, 4]}], [PERSON]), ([ONE], [PERSON]), "train.json has no box of a single"),
        (([], [PERSON]), ([ONE], [PERSON]), "train.json has no box of a single"),
        (([ONE], [PERSON]), ([CROWD], [PERSON]), "val.json has no person who could be found"),
        (([ONE], [PERSON, BAG]), ([THING], [PERSON, BAG]), "val.json has no person who could be found"),
        (
            ([ONE], [PERSON | {"keypoints": ["a", "b"]}]),
            ([ONE], [PERSON | {"keypoints": ["b", "a"]}]),
            "keypoints of 'person' differ: .*train.json has a, b, and .*val.json has b, a",
        ),
        (([ONE], [PERSON | {"keypoints": ["a"]}]), ([ONE], [PERSON]), "train.json has a, and .*val.json has none"),
    ],
)
def test_splits_that_do_not_fit_stop(tmp_path, train, val, words):
    with pytest.raises(UserError, match=words) as caught:
        check(tmp_path, train, val)
    assert caught.value.fix
