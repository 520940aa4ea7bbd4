"""The file of predictions: exact, the same bytes for the same predictions, and checked when it is read."""

import gzip
import json
import math
import struct

import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.models import predictions
from anonbench.models.predictions import read_predictions, write_predictions
from tests.helpers.scored import random_data

BOX = {"image_id": 1, "category_id": 2, "score": 0.5, "bbox": [1.0, 2.0, 3.0, 4.0]}
MASK = {"image_id": 1, "category_id": 2, "score": 0.5, "segmentation": {"size": [2, 3], "counts": "06"}}
POSE = {"image_id": 1, "category_id": 2, "score": 0.5, "keypoints": [1.0, 2.0, 0.9], "annotation_id": 7}


def without(record, key):
    return {k: v for k, v in record.items() if k != key}


def test_everything_arrives_in_its_order_and_to_the_bit(tmp_path):
    _, made = random_data(np.random.default_rng(2), images=60)
    made["segmentation"] = [without(record, "bbox") for record in made["segmentation"]]
    made["keypoints"] = [without(record, "bbox") for record in made["keypoints"]]
    write_predictions(tmp_path / "p.json.gz", made)
    assert read_predictions(tmp_path / "p.json.gz") == made
    assert any("annotation_id" not in record for record in made["keypoints"])


def test_every_double_is_read_as_it_was_written(tmp_path):
    bits = np.random.default_rng(0).integers(0, 2**63, 40_000, dtype=np.uint64).tolist()
    drawn = [value for value in (struct.unpack("<d", struct.pack("<Q", b))[0] for b in bits) if math.isfinite(value)]
    singles = np.random.default_rng(1).random(20_000, dtype=np.float32).astype(float).tolist()
    values = [*drawn, *singles, 5e-324, 1.7976931348623157e308, -0.0, 0.1 + 0.2]
    write_predictions(tmp_path / "p.json.gz", {"keypoints": [POSE | {"keypoints": values}]})
    found = read_predictions(tmp_path / "p.json.gz")["keypoints"][0]["keypoints"]
    assert struct.pack(f"<{len(values)}d", *found) == struct.pack(f"<{len(values)}d", *values)


def test_numbers_of_a_diverged_training_reach_whoever_scores_them(tmp_path):
    diverged = BOX | {"score": math.nan, "bbox": [math.inf, -math.inf, 0, 1]}
    write_predictions(tmp_path / "p.json.gz", {"bbox": [diverged]})
    (found,) = read_predictions(tmp_path / "p.json.gz")["bbox"]
    assert math.isnan(found["score"]) and found["bbox"] == [math.inf, -math.inf, 0, 1]


def test_the_same_predictions_give_the_same_bytes_under_any_name(tmp_path):
    for name in ("a.json.gz", "sub/b.json.gz"):
        write_predictions(tmp_path / name, {"bbox": [BOX], "segmentation": [MASK]})
    assert sha256_file(tmp_path / "a.json.gz") == sha256_file(tmp_path / "sub" / "b.json.gz")
    assert (tmp_path / "a.json.gz").read_bytes()[4:8] == bytes(4)  # the time of a gzip header


def test_the_file_is_in_cocos_result_format(tmp_path):
    write_predictions(tmp_path / "p.json.gz", {"bbox": [BOX], "segmentation": []})
    assert json.loads(gzip.decompress((tmp_path / "p.json.gz").read_bytes())) == {"bbox": [BOX], "segmentation": []}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ([], "the whole: Input should be an object"),
        ({"boxes": []}, "boxes"),
        ({"bbox": {}}, "bbox"),
        ({"bbox": [without(BOX, "image_id")]}, "bbox.0.image_id"),
        ({"bbox": [BOX, BOX | {"image_id": "1"}]}, "bbox.1.image_id"),
        ({"bbox": [BOX | {"category_id": 1.5}]}, "bbox.0.category_id"),
        ({"bbox": [BOX | {"score": None}]}, "bbox.0.score"),
        ({"bbox": [BOX | {"bbox": [1.0, 2.0, 3.0]}]}, "bbox.0.bbox"),
        ({"bbox": [BOX | {"bbox": [1.0, 2.0, 3.0, "4"]}]}, "bbox.0.bbox.3"),
        ({"bbox": [POSE]}, "bbox.0.bbox"),
        (
            {"segmentation": [MASK | {"segmentation": {"size": [2], "counts": "06"}}]},
            "segmentation.0.segmentation.size",
        ),
        ({"segmentation": [MASK | {"segmentation": [[0.0, 0.0, 1.0, 1.0]]}]}, "segmentation.0.segmentation"),
        ({"keypoints": [POSE | {"annotation_id": [7]}]}, "keypoints.0.annotation_id"),
    ],
)
def test_a_file_of_anything_else_is_refused(tmp_path, content, words):
    (tmp_path / "p.json.gz").write_bytes(gzip.compress(json.dumps(content).encode()))
    with pytest.raises(UserError, match=f"p.json.gz does not hold predictions.*{words}"):
        read_predictions(tmp_path / "p.json.gz")


@pytest.mark.parametrize("cut", [0, 3, 30, -9])
def test_a_damaged_file_is_refused(tmp_path, cut):
    write_predictions(tmp_path / "p.json.gz", {"bbox": [BOX] * 50})
    data = (tmp_path / "p.json.gz").read_bytes()
    (tmp_path / "p.json.gz").write_bytes(data[:cut])
    with pytest.raises(UserError, match="is damaged|does not hold predictions"):
        read_predictions(tmp_path / "p.json.gz")
    (tmp_path / "p.json.gz").write_bytes(b"no gzip" + data)
    with pytest.raises(UserError, match="is damaged"):
        read_predictions(tmp_path / "p.json.gz")


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match="p.json.gz does not exist"):
        read_predictions(tmp_path / "p.json.gz")


def test_a_file_that_unpacks_to_more_than_is_allowed_is_refused(tmp_path, monkeypatch):
    write_predictions(tmp_path / "p.json.gz", {"bbox": [BOX] * 5000})
    monkeypatch.setattr(predictions, "LARGEST", 100_000)
    assert (tmp_path / "p.json.gz").stat().st_size < 10_000
    with pytest.raises(UserError, match="holds more than"):
        read_predictions(tmp_path / "p.json.gz")
