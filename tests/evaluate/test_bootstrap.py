"""Metrics of resamples equal those of the resampled dataset, and all of a cell are kept together."""

from collections import defaultdict

import numpy as np
import pytest

from anonbench.evaluate.bootstrap import bootstrap, resample
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.replicates import Column
from anonbench.evaluate.score import score
from tests.helpers.scored import CATEGORIES, annotation, dataset, drawn, random_data, resampled

AREAS = ["AP_small", "AP_medium", "AP_large"]
TASKS = {
    "detection": ["AP", "AP50", "AP75", *AREAS, "AR1", "AR10", "AR100"],
    "instance_segmentation": ["AP", "AP50", "AP75", *AREAS, "AR1", "AR10", "AR100"],
    "pose": ["AP", "AP50", "AP75", *AREAS[1:], "AR", "PCK"],
}
IMAGES = 240


@pytest.fixture(scope="module")
def made():
    truth, results = random_data(np.random.default_rng(11), images=IMAGES)
    people = [{**category, "is_person": category["name"] != "car"} for category in truth["categories"]]
    return truth | {"categories": people}, results


@pytest.fixture(scope="module")
def scores(made):
    return score(*made, TASKS)


def dataset_of(truth, predictions, indices):
    """The dataset that a resample stands for: each drawn image a copy with its annotations and results."""
    by_image = {name: defaultdict(list) for name in ("truth", *predictions)}
    for name, records in (("truth", truth["annotations"]), *predictions.items()):
        for record in records:
            by_image[name][record["image_id"]].append(record)
    ids = sorted(image["id"] for image in truth["images"])
    size = {key: truth["images"][0][key] for key in ("width", "height")}
    images = [{"id": new, "file_name": f"{new}.png", **size} for new in range(len(indices))]
    copies = {name: [] for name in by_image}
    for new, old in enumerate(ids[index] for index in indices):
        people = {record["id"]: len(copies["truth"]) + n for n, record in enumerate(by_image["truth"][old])}
        copies["truth"] += [record | {"image_id": new, "id": people[record["id"]]} for record in by_image["truth"][old]]
        for name in predictions:
            for record in by_image[name][old]:
                person = {"annotation_id": people[record["annotation_id"]]} if "annotation_id" in record else {}
                copies[name].append(record | {"image_id": new} | person)
    return {**truth, "images": images, "annotations": copies.pop("truth")}, copies


@pytest.mark.parametrize("task", TASKS)
def test_the_whole_split(made, scores, task):
    (found,) = resampled(*made, task, range(IMAGES))
    assert list(found) == TASKS[task]
    assert found == pytest.approx(scores[task].metrics, abs=1e-12)
    assert 0.05 < found["AP"] < found["AP50"] < 0.95


@pytest.mark.parametrize("seed", range(3))
def test_a_resample(made, scores, seed):
    """Some images are drawn up to 6 times, whose detections of one score follow one another as in pycocotools."""
    indices = np.sort(np.random.default_rng(seed).choice(IMAGES, 120, p=np.arange(IMAGES) / np.arange(IMAGES).sum()))
    again = score(*dataset_of(*made, indices), TASKS)
    for task in TASKS:
        found = resample(compare(*made, task), drawn(IMAGES, range(IMAGES), indices))
        expected = again[task]
        assert {name: values[1] for name, values in found.metrics.items()} == pytest.approx(expected.metrics, abs=1e-12)
        for name, of in expected.categories.items():
            ap = np.nan if of.metrics["AP"] is None else of.metrics["AP"]
            assert found.categories[name]["AP"][1] == pytest.approx(ap, abs=1e-12, nan_ok=True)
        for scope, of in expected.strata.items():
            for name, stratum in of.items() if scope != "who" else ():
                for metric, values in found.strata[scope][name].items():
                    assert values[1] == pytest.approx(stratum.metrics[metric], abs=1e-12)
        assert set(found.strata) == {"height_px", "occlusion", "crowding"} | ({"joint"} if task == "pose" else set())
        assert found.metrics["AP"][1] != pytest.approx(scores[task].metrics["AP"], abs=1e-3)


BOX, FAR = [10, 10, 40, 40], [90, 90, 40, 40]


def person(key, image_id, box=BOX):
    return annotation(key, image_id, 2, box)


def found(image_id, box, value=0.5):
    return {"image_id": image_id, "category_id": 2, "bbox": box, "score": value}


def ap(truth, boxes, *indices):
    return [found["AP"] for found in resampled(truth, {"bbox": boxes}, "detection", *indices)]


def test_of_equal_scores_those_of_earlier_images_come_first():
    truth = dataset([person(1, 1), person(2, 2)], images=(1, 2))
    # Precision 1 at the recall of the first image's instances, but 1/2 where the false detections come before.
    assert ap(truth, [found(2, FAR), found(1, BOX)], [0, 1], [0, 0, 1, 1]) == pytest.approx([51 / 101] * 2)
    assert ap(truth, [found(1, FAR), found(2, BOX)], [0, 1], [0, 0, 1, 1]) == pytest.approx([0.5 * 51 / 101] * 2)


def test_equal_scores_within_an_image_are_repeated_together():
    truth = dataset([person(1, 1), person(2, 2)], images=(1, 2))
    boxes = [found(1, BOX), found(1, FAR)]
    # Of two copies: right, wrong, right, wrong. Two of three instances are found, the second at a precision of 2/3.
    once, twice = ap(truth, boxes, [0], [0, 0, 1])
    assert once == pytest.approx(1)
    assert twice == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)


def test_resamples_without_instances_or_detections():
    truth = dataset([person(1, 1)], images=(1, 2, 3))
    nothing, missed, empty = resampled(truth, {"bbox": [found(2, BOX)]}, "detection", [1, 2], [0, 2], [])
    assert np.isnan(list(nothing.values())).all() and np.isnan(list(empty.values())).all()
    assert missed["AP"] == missed["AR100"] == 0 and np.isnan(missed["AP_small"])


def test_pck_of_no_keypoints_and_of_nobody_named(made):
    truth, predictions = made
    with_nobody = [n for n, i in enumerate(sorted(image["id"] for image in truth["images"]))
                   if not any(a["image_id"] == i for a in truth["annotations"])]  # fmt: skip
    assert with_nobody and np.isnan(resampled(*made, "pose", with_nobody)[0]["PCK"])
    unnamed = [{k: v for k, v in record.items() if k != "annotation_id"} for record in predictions["keypoints"]]
    assert list(resampled(truth, {"keypoints": unnamed}, "pose", [0])[0]) == TASKS["pose"][:-1]


SUPERCATEGORIES = {"person": "being", "dog": "being", "car": "thing", "ghost": "being"}


def test_a_cells_replicates(made, scores):
    truth, predictions = made
    categories = [
        category | {"supercategory": SUPERCATEGORIES[category["name"]], "is_person": category["name"] == "person"}
        for category in CATEGORIES
    ]
    draws = drawn(IMAGES, range(0, IMAGES, 2), range(0, IMAGES, 3), range(4))
    split = truth | {"categories": categories}
    kept = bootstrap(split, predictions, ["pose", "detection"], draws, threads=2)
    poses = [Column("pose", "category", name, "AP") for name in ("person", "dog")]
    assert kept.columns[: len(TASKS["pose"]) + 2] == [
        *(Column("pose", "all", "all", metric) for metric in TASKS["pose"]), *poses,
    ]  # fmt: skip
    last = [n for n, column in enumerate(kept.columns) if column.task == "detection" and column.metric == "AP"][1:9]
    assert [kept.columns[n] for n in last] == [
        *(Column("detection", "category", category["name"], "AP") for category in CATEGORIES),
        Column("detection", "supercategory", "being", "AP"),
        Column("detection", "supercategory", "thing", "AP"),
        Column("detection", "who", "people", "AP"),
        Column("detection", "who", "others", "AP"),
    ]
    assert {column.scope for column in kept.columns[last[-1] + 1 :]} == {"height_px", "occlusion", "crowding"}
    assert kept.values.shape == (3, len(kept.columns)) and kept.values.dtype == np.float32
    of = {column: n for n, column in enumerate(kept.columns)}
    stated = scores["detection"]
    assert kept.point[of["detection", "all", "all", "AR10"]] == pytest.approx(stated.metrics["AR10"], abs=1e-12)
    person, dog, car, ghost, being, thing, people, others = kept.point[last]
    assert people == person and others == pytest.approx((dog + car) / 2)
    assert np.isnan(ghost) and being == pytest.approx((person + dog) / 2) and thing == car
    assert person == pytest.approx(stated.categories["person"].metrics["AP"], abs=1e-12) != pytest.approx(dog)
    for b, indices in enumerate((range(0, IMAGES, 2), range(0, IMAGES, 3))):
        (alone,) = resampled(*made, "detection", indices)
        for metric, value in alone.items():
            assert kept.values[b, of["detection", "all", "all", metric]] == pytest.approx(value, abs=1e-6)
    (few,) = resampled(*made, "pose", range(4))
    assert kept.values[2, of["pose", "all", "all", "AP"]] == pytest.approx(few["AP"], abs=1e-6, nan_ok=True)


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_threads_change_nothing(made, threads):
    draws = np.random.default_rng(1).integers(0, 3, (5, IMAGES)).astype(np.uint16)
    one, many = (bootstrap(*made, ["detection"], draws, threads=n) for n in (1, threads))
    np.testing.assert_array_equal(one.values, many.values)
    np.testing.assert_array_equal(one.point, many.point)
