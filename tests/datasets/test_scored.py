"""From official archives to official scores: what the converters write is what the protocols read."""

from pathlib import Path

import numpy as np
import pytest

from anonbench.common.rle import encode_mask
from anonbench.evaluate.score import score
from tests.helpers import official
from tests.helpers.converted import convert

IMAGES = 6
PUBLIC = {
    "wider_face": (official.wider_face, "detection", ("AP_easy", "AP_medium", "AP_hard")),
    "crowdpose": (official.crowdpose, "pose", ("AP", "AP50", "AP75", "AP_easy", "AP_medium", "AP_hard")),
    "cityscapes": (official.cityscapes, "instance_segmentation", ("AP", "AP50")),
}
KEYS = {"detection": "bbox", "instance_segmentation": "segmentation", "pose": "keypoints"}


@pytest.fixture(scope="module", params=PUBLIC)
def public(request, tmp_path_factory) -> tuple[dict, str, tuple[str, ...]]:
    """The converted val split of one dataset, its task, and its protocol's APs."""
    build, task, names = PUBLIC[request.param]
    folder: Path = tmp_path_factory.mktemp(request.param)
    build(folder, IMAGES)
    content = convert(folder, folder / "out", request.param, "val")
    assert content["info"]["protocol"] == request.param
    return content, task, names


def perfect(content: dict, task: str) -> list[dict]:
    """Every annotation as a detection, with scores that differ: WIDER FACE's rule finds nothing by equal ones."""
    keys = ("image_id", "category_id", KEYS[task])
    return [
        {key: a[key] for key in keys} | {"score": 1 - 0.001 * place}
        for place, a in enumerate(content["annotations"])
        if not a["iscrowd"]
    ]


def metrics(content: dict, task: str, results: list[dict], names: tuple[str, ...]) -> list[float]:
    found = score(content, {KEYS[task]: results}, [task])[task]
    assert found.instances > 0
    return [found.metrics[name] for name in names]


def test_what_is_annotated_scores_one(public):
    content, task, names = public
    assert metrics(content, task, perfect(content, task), names) == pytest.approx([1] * len(names))


def test_nothing_found_scores_zero(public):
    content, task, names = public
    assert metrics(content, task, [], names) == [0] * len(names)


def test_a_surer_miss_beside_each_find_costs_precision(public):
    content, task, names = public
    width, height = official.SIZE
    misses = []
    for record in perfect(content, task):
        match task:
            case "detection":
                missed = [width + 5, height + 5, 10, 10]
            case "pose":
                missed = [v + 2 * width if n % 3 == 0 else v for n, v in enumerate(record["keypoints"])]
            case _:
                missed = encode_mask(np.ones((height, width), bool))
        misses.append(record | {"score": 1 + record["score"], KEYS[task]: missed})
    values = metrics(content, task, perfect(content, task) + misses, names)
    assert all(0 < value < 0.8 for value in values)
