"""Whatever a COCO file holds, its conversion stops with one message, or every person is accounted for."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anonbench.common.errors import UserError
from tests.helpers.own_coco import BOX, HEIGHT, OUTLINE, WIDTH, Own, person, photo

JOINTS = ["nose", "left_shoulder", "right_shoulder", "left_hip"]
IMAGES = {"1.png": photo(), "2.jpg": photo("JPEG", orientation=6), "3.jpg": photo("JPEG", orientation=3)}

numbers = st.one_of(
    st.integers(-50, 250),
    st.floats(-50, 250),
    st.sampled_from([0, 1, -1, 1e9, math.nan, math.inf, 1e300, 10**400, None, "7", True, [], {}, -0.0]),
)
boxes = st.one_of(
    st.just(BOX),
    st.lists(numbers, max_size=5),
    st.tuples(*[st.integers(-20, 180)] * 4).map(list),
    st.sampled_from([..., None, "box", {}, 5]),
)
points = st.integers(0, 5).flatmap(lambda n: st.lists(st.integers(-20, 200), min_size=2 * n, max_size=2 * n))
masks = st.one_of(
    st.just(OUTLINE),
    st.lists(points, max_size=3),
    st.lists(points, min_size=1, max_size=2),
    st.lists(st.lists(numbers, max_size=9), max_size=3),
    st.fixed_dictionaries(
        {
            "size": st.sampled_from([[HEIGHT, WIDTH], [WIDTH, HEIGHT], [0, 0], [1], None, "size", [10**6, 10**6]]),
            "counts": st.one_of(
                st.lists(st.integers(-5, 30_000), max_size=4), st.text(max_size=8), st.just([500, 70, 18630]), st.none()
            ),
        }
    ),
    st.sampled_from([..., None, [], {}, 5, "mask", [[[1, 2], [3, 4]]], [1, 2, 3, 4, 5, 6]]),
)
joints = st.one_of(
    st.lists(numbers, min_size=12, max_size=12),
    st.tuples(*[st.integers(0, 120), st.integers(0, 120), st.integers(0, 2)] * 4).map(list),
    st.sampled_from([..., None, [], [0] * 12, "joints", {}, [1, 2]]),
)
anything = st.recursive(
    st.one_of(numbers, st.text(max_size=3), st.just("\udce9")), lambda inner: st.lists(inner, max_size=2)
)
annotations = st.fixed_dictionaries(
    {"image_id": st.integers(1, 3), "category_id": st.sampled_from([1, 1, 1, 2]), "bbox": boxes, "segmentation": masks},
    optional={
        "keypoints": joints,
        "area": numbers,
        "iscrowd": st.sampled_from([0, 0, 1, "0", True, None, False, "true", 2]),
        "id": st.one_of(st.integers(0, 9), st.none()),
        "attributes": anything,
        "identity": anything,
        "face_box": st.one_of(st.just(BOX), boxes),
        "num_keypoints": numbers,
    },
)
keys = st.fixed_dictionaries(
    {"checked": st.booleans(), "orientation": st.sampled_from([None, "stored", "displayed"])},
    optional={"crowds": st.sampled_from(["ignore", "learn"])},
)


@given(st.lists(annotations, min_size=1, max_size=4), keys)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_person_is_converted_or_noted(records: list[dict[str, Any]], keys: dict[str, Any]) -> None:
    records = [{key: value for key, value in record.items() if value is not ...} for record in records]
    categories = [{"id": 1, "name": "person", "keypoints": JOINTS}, {"id": 2, "name": "bag"}]
    with tempfile.TemporaryDirectory() as folder:
        own = Own(Path(folder), [*records, person(1, keypoints=[5, 5, 1] * 4)], IMAGES, categories=categories)
        try:
            content = own.convert(**keys, sigmas=[0.1] * 4)
        except UserError as error:
            assert error.fix and str(error).encode()
            assert not [path for path in own.root.rglob("out/*") if path.name != "train" or any(path.iterdir())]
            return
    assert len({annotation["id"] for annotation in content["annotations"]}) == len(content["annotations"])
    for number, image in enumerate(content["images"], 1):
        listed = sum(r["image_id"] == number and r["category_id"] == 1 for r in records) + (number == 1)
        found = [a for a in content["annotations"] if a["image_id"] == number and a["category_id"] == 1]
        assert len(found) + image.get("unlocated", 0) == listed
        for annotation in found:
            x, y, width, height = annotation["bbox"]
            assert width > 0 and height > 0 and annotation["area"] > 0
            assert x < image["width"] and y < image["height"] and x + width > 0 and y + height > 0
    json.dumps(content, allow_nan=False)
