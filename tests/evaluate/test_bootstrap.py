"""Metrics from the details of every image equal those of the resampled dataset."""

from collections import defaultdict

import numpy as np
import pytest

from anonbench.evaluate.bootstrap import details
from anonbench.evaluate.score import score
from tests.helpers.scored import annotation, dataset, random_data

TASKS = {
    "detection": ["AP", "AP50", "AP75"],
    "instance_segmentation": ["AP", "AP50", "AP75"],
    "pose": ["AP", "AP50", "AP75", "PCK"],
}


@pytest.fixture(scope="module")
def made():
    return random_data(np.random.default_rng(11), images=240)


@pytest.fixture(scope="module")
def scores(made):
    return score(*made, TASKS)


@pytest.fixture(scope="module")
def compared(made):
    return {task: details(*made, task) for task in TASKS}


def resampled(truth, predictions, image_ids):
    """The dataset that a resample stands for: each drawn image a copy with its annotations and results."""
    by_image = {name: defaultdict(list) for name in ("truth", *predictions)}
    for name, records in (("truth", truth["annotations"]), *predictions.items()):
        for record in records:
            by_image[name][record["image_id"]].append(record)
    size = {key: truth["images"][0][key] for key in ("width", "height")}
    images = [{"id": new, "file_name": f"{new}.png", **size} for new in range(len(image_ids))]
    copies = {name: [] for name in by_image}
    for new, old in enumerate(image_ids):
        people = {record["id"]: len(copies["truth"]) + n for n, record in enumerate(by_image["truth"][old])}
        copies["truth"] += [record | {"image_id": new, "id": people[record["id"]]} for record in by_image["truth"][old]]
        for name in predictions:
            for record in by_image[name][old]:
                person = {"annotation_id": people[record["annotation_id"]]} if "annotation_id" in record else {}
                copies[name].append(record | {"image_id": new} | person)
    return {**truth, "images": images, "annotations": copies.pop("truth")}, copies


@pytest.mark.parametrize("task", TASKS)
def test_the_whole_split(scores, compared, task):
    found = compared[task].metrics()
    assert list(found) == TASKS[task]
    assert found == pytest.approx({name: scores[task].metrics[name] for name in TASKS[task]}, abs=1e-9)
    assert 0.05 < found["AP"] < found["AP50"] < 0.95


@pytest.mark.parametrize("draw", range(2))
def test_a_resample(made, scores, compared, draw):
    ids = compared["detection"].image_ids
    assert ids == sorted(image["id"] for image in made[0]["images"])
    indices = np.random.default_rng(draw).integers(0, len(ids), 120)
    again = score(*resampled(*made, [ids[i] for i in indices]), TASKS)
    for task, names in TASKS.items():
        found = compared[task].metrics(indices)
        assert found == pytest.approx({name: again[task].metrics[name] for name in names}, abs=1e-9)
        assert found["AP"] != pytest.approx(scores[task].metrics["AP"], abs=1e-3)


def ap(truth, boxes, indices):
    return details(truth, {"bbox": boxes}, "detection").metrics(np.array(indices, dtype=int))["AP"]


def test_order_decides_between_equal_scores_as_in_pycocotools():
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40)), annotation(2, 2, 2, (10, 10, 40, 40))], images=(1, 2))
    hit = {"image_id": 1, "category_id": 2, "bbox": [10, 10, 40, 40], "score": 0.5}
    miss = {"image_id": 2, "category_id": 2, "bbox": [90, 90, 40, 40], "score": 0.5}
    assert ap(truth, [miss, hit], [0, 1]) == pytest.approx(51 / 101)
    assert ap(truth, [miss, hit], [1, 0]) == pytest.approx(0.5 * 51 / 101)


def test_resamples_without_instances_or_detections():
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40))], images=(1, 2, 3))
    found = [{"image_id": 2, "category_id": 2, "bbox": [10, 10, 40, 40], "score": 0.5}]
    assert np.isnan(ap(truth, found, [1, 2]))
    assert ap(truth, found, [0, 2]) == 0
    assert np.isnan(ap(truth, found, []))


def test_pck_of_no_keypoints_and_of_nobody_named(made):
    truth, predictions = made
    with_nobody = [n for n, i in enumerate(sorted(image["id"] for image in truth["images"]))
                   if not any(a["image_id"] == i for a in truth["annotations"])]  # fmt: skip
    assert with_nobody and np.isnan(details(*made, "pose").metrics(np.array(with_nobody))["PCK"])
    unnamed = [{k: v for k, v in record.items() if k != "annotation_id"} for record in predictions["keypoints"]]
    assert list(details(truth, {"keypoints": unnamed}, "pose").metrics()) == ["AP", "AP50", "AP75"]
