"""The region file: records survive the round trip, and damage is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco_mask

from anonbench.common.errors import UserError
from anonbench.common.files import write_json
from anonbench.regions.files import RegionRecord, decode_region, encode_region, read_regions
from anonbench.regions.region import Region


@given(
    mask=hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))
    | st.tuples(st.integers(1, 300), st.integers(1, 300), st.integers(0, 99)).map(
        lambda s: np.random.default_rng(s[2]).random(s[:2]) < 0.02
    ),
    box=st.lists(st.floats(-1e6, 1e6) | st.sampled_from([np.nan, np.inf]), min_size=4, max_size=4),
)
@settings(max_examples=150, deadline=None)
def test_round_trip(mask: np.ndarray, box: list[float]) -> None:
    keypoints = np.array([[1.5, 2.0, 2], [0, 0, 0]])
    record = encode_region(Region(np.array(box), mask, keypoints, "detected", 7))
    text = json.dumps(record.model_dump(mode="json"), allow_nan=False)
    region = decode_region(RegionRecord.model_validate(json.loads(text)))
    assert region.mask.dtype == bool and (region.mask == mask).all()
    assert (region.keypoints == keypoints).all()
    assert (region.source, region.annotation_id) == ("detected", 7)
    finite = np.isfinite(box)
    if finite.all():
        assert np.allclose(region.box, box, rtol=0, atol=1e-9 * max(1, np.abs(box).max()))
    else:
        assert not np.isfinite(region.box).all()


def test_box_is_xywh_in_the_file() -> None:
    record = encode_region(Region(np.array([10.0, 20, 15, 50])))
    assert record.model_dump(mode="json") == {
        "annotation_id": None, "box": [10, 20, 5, 30], "mask": None, "keypoints": None, "source": "annotated",
    }  # fmt: skip


@pytest.mark.parametrize("box", [None, [1, 2, 3], [1, 2, None, 4], ["1", 2, 3, 4], {}, [1, 2, float("nan"), 4]])
def test_box_of_unknown_place_is_not_finite(box: object) -> None:
    assert not np.isfinite(decode_region(RegionRecord.model_validate({"box": box})).box).all()


def rle(height: int, width: int, counts: str) -> dict[str, object]:
    return {"annotation_id": 5, "box": [0, 0, 1, 1], "mask": {"size": [height, width], "counts": counts}}


GOOD = coco_mask.encode(np.asfortranarray(np.eye(50, 40, dtype=np.uint8)))["counts"].decode()


@pytest.mark.parametrize(
    "record",
    [
        rle(50, 40, ""),
        rle(50, 40, GOOD[:-1]),
        rle(50, 41, GOOD),
        rle(50, 40, GOOD + "1"),
        rle(50, 40, "O" * 9),
        rle(50, 40, "oooooooooooooooooooooooo0"),
        rle(50, 40, "é"),
        rle(50, 40, "\x00"),
        rle(0, 40, GOOD),
        rle(10**6, 10**6, GOOD),
        rle(50, 40, None),
        {"annotation_id": 5, "box": [0, 0, 1, 1], "mask": [[1, 2, 3, 4]]},
        {"annotation_id": 5, "box": [0, 0, 1, 1], "keypoints": [1, 2]},
    ],
)
def test_damaged_record_is_named(record: dict[str, object], tmp_path: Path) -> None:
    """When the file is read, by its place in it, or when its mask is decoded, by the annotation."""
    image = {"image_id": 1, "file_name": "a", "width": 40, "height": 50, "regions": [record]}
    write_json(tmp_path / "face.json", {"dataset": "d", "split": "s", "region": "face", "images": [image]})
    with pytest.raises(UserError, match=r"annotation 5|images\[0\]\.regions\[0\]\.(mask|keypoints)"):
        decode_region(read_regions(tmp_path / "face.json").images[0].regions[0])


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"dataset": "d", "split": "s", "images": []},
        {"dataset": "d", "split": "s", "region": "face", "images": [{}]},
        {"dataset": "d", "split": "s", "region": "face", "images": [
            {"image_id": 1, "file_name": "a", "width": 1, "height": 1, "regions": None}]},
        {"dataset": "d", "split": "s", "region": "hand", "images": []},
        {"dataset": None, "split": "s", "region": "face", "images": []},
    ],
)  # fmt: skip
def test_damaged_file_is_named(value: object, tmp_path: Path) -> None:
    write_json(tmp_path / "face.json", value)
    with pytest.raises(UserError, match="face.json"):
        read_regions(tmp_path / "face.json")
