"""AP from the per-image detail equals pycocotools on the resampled dataset."""

import json
from collections import defaultdict

import numpy as np
import pytest

from anonbench.evaluate.bootstrap import ap_from_details, average_precision, unpack
from anonbench.evaluate.score import score
from tests.helpers.scored import annotation, dataset, random_data

TASKS = ["detection", "instance_segmentation", "pose"]


@pytest.fixture(scope="module")
def made():
    return random_data(np.random.default_rng(11), images=240)


@pytest.fixture(scope="module")
def scores(made):
    return json.loads(json.dumps(score(*made)))


def resampled(truth, results, image_ids):
    """The dataset that a resample stands for: each drawn image a copy with its annotations and results."""
    by_image = {name: defaultdict(list) for name in ("truth", *results)}
    for name, records in (("truth", truth["annotations"]), *results.items()):
        for record in records:
            by_image[name][record["image_id"]].append({k: v for k, v in record.items() if k != "annotation_id"})
    size = {key: truth["images"][0][key] for key in ("width", "height")}
    images = [{"id": new, "file_name": f"{new}.png", **size} for new in range(len(image_ids))]
    copies = {
        name: [record | {"image_id": new} for new, old in enumerate(image_ids) for record in records[old]]
        for name, records in by_image.items()
    }
    annotations = [record | {"id": key} for key, record in enumerate(copies.pop("truth"))]
    return {**truth, "images": images, "annotations": annotations}, copies


@pytest.mark.parametrize("task", TASKS)
def test_the_whole_split(scores, task):
    assert ap_from_details(scores[task]["per_image"]) == pytest.approx(scores[task]["metrics"]["AP"], abs=1e-9)


@pytest.mark.parametrize("draw", range(2))
def test_a_resample(made, scores, draw):
    truth, results = made
    ids = scores["detection"]["per_image"]["image_ids"]
    indices = np.random.default_rng(draw).integers(0, len(ids), 120)
    again = score(*resampled(truth, results, [ids[i] for i in indices]))
    for task in TASKS:
        details = scores[task]["per_image"]
        assert ap_from_details(details, indices) == pytest.approx(again[task]["metrics"]["AP"], abs=1e-9)
        assert average_precision(unpack(details), indices) == ap_from_details(details, indices)


def test_order_decides_between_equal_scores_as_in_pycocotools():
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40)), annotation(2, 2, 2, (10, 10, 40, 40))], images=(1, 2))
    hit = {"image_id": 1, "category_id": 2, "bbox": [10, 10, 40, 40], "score": 0.5}
    miss = {"image_id": 2, "category_id": 2, "bbox": [90, 90, 40, 40], "score": 0.5}
    details = score(truth, {"detection": [miss, hit]})["detection"]["per_image"]
    assert ap_from_details(details, np.array([0, 1])) == pytest.approx(51 / 101)
    assert ap_from_details(details, np.array([1, 0])) == pytest.approx(0.5 * 51 / 101)


def test_resamples_without_instances_or_detections():
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40))], images=(1, 2, 3))
    found = [{"image_id": 2, "category_id": 2, "bbox": [10, 10, 40, 40], "score": 0.5}]
    details = score(truth, {"detection": found})["detection"]["per_image"]
    assert np.isnan(ap_from_details(details, np.array([1, 2])))
    assert ap_from_details(details, np.array([0, 2])) == 0
    assert np.isnan(ap_from_details(details, np.array([], dtype=int)))
