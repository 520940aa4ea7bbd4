"""Errors of boxes and masks against tidecv, its authors' own toolbox, and by hand."""

import copy

import numpy as np
import pytest
import tidecv

from anonbench.evaluate.comparison import compare
from anonbench.evaluate.errors.detections import KINDS, detection_errors
from anonbench.evaluate.overlap import encoded
from tests.helpers.scored import annotation, dataset, random_data

TASKS = {"detection": ("bbox", "box"), "instance_segmentation": ("segmentation", "mask")}
NAMES = dict(zip(KINDS, ("Cls", "Loc", "Both", "Dupe", "Bkg", "Miss"), strict=True))


@pytest.fixture(scope="module", params=[4, 9])
def made(request):
    """Detections of the wrong category, of two instances at once and in crowds, and up to 120 in an image."""
    rng = np.random.default_rng(request.param)
    truth, results = random_data(rng, images=150)
    results = {kind: [r for r in results[kind] if r["category_id"] != 30] for kind in ("bbox", "segmentation")}
    count = len(results["bbox"])
    scores = rng.permutation(count) / count
    wrong, many = rng.random(count) < 0.2, rng.choice(count, 120)
    for records in results.values():
        for n, record in enumerate(records):
            record["score"] = float(scores[n])
            if wrong[n]:
                record["category_id"] = int(rng.choice([2, 7, 9]))
        records += [records[n] | {"image_id": records[0]["image_id"], "score": float(-k - 1) / 999 + 0.5003}
                    for k, n in enumerate(many)]  # fmt: skip
    return truth, results


def reference(truth, results, kind, name):
    """tidecv's run at its own thresholds, and how often and at what cost each error is made."""
    known, found = tidecv.Data("truth", max_dets=100), tidecv.Data("found", max_dets=100)
    images = {image["id"]: image for image in truth["images"]}
    for image_id in images:
        known.add_image(image_id, str(image_id))
        found.add_image(image_id, str(image_id))
    for record in truth["annotations"]:
        value = record[kind] if kind == "bbox" else encoded(record[kind], images[record["image_id"]])
        add = known.add_ignore_region if record["iscrowd"] else known.add_ground_truth
        add(record["image_id"], record["category_id"], **{name: value})
    for record in copy.deepcopy(results):
        found.add_detection(record["image_id"], record["category_id"], record["score"], **{name: record[kind]})
    tide = tidecv.TIDE()
    run = tide.evaluate(known, found, mode=tidecv.TIDE.BOX if name == "box" else tidecv.TIDE.MASK)
    counts = {error.short_name: number for error, number in run.count_errors().items()}
    return run.ap / 100, counts, {name: value / 100 for name, value in tide.get_main_errors()["found"].items()}


@pytest.mark.parametrize("task", TASKS)
def test_errors_equal_tidecv(made, task):
    kind, name = TASKS[task]
    truth, results = made
    ap, counts, daps = reference(truth, results[kind], kind, name)
    errors = detection_errors(compare(truth, results, task))
    assert errors.ap == pytest.approx(ap, abs=1e-12) and 0.05 < ap < 0.95
    assert {NAMES[kind]: error.count for kind, error in errors.errors.items()} == counts and min(counts.values()) > 3
    assert {NAMES[kind]: error.dap for kind, error in errors.errors.items()} == pytest.approx(daps, abs=1e-12)
    assert sum(value > 0.001 for value in daps.values()) >= 5


def test_categories_add_up_to_the_whole(made):
    truth, results = made
    whole = detection_errors(compare(truth, results, "detection"))
    assert list(whole.categories) == ["person", "dog", "car"]
    parts = whole.categories.values()
    assert np.mean([part.ap for part in parts]) == pytest.approx(whole.ap)
    for kind in KINDS:
        assert sum(part.errors[kind].count for part in parts) == whole.errors[kind].count
        assert np.mean([part.errors[kind].dap for part in parts]) == pytest.approx(whole.errors[kind].dap)


def box(xywh, value, category=2, image=1):
    return {"image_id": image, "category_id": category, "bbox": list(xywh), "score": value}


def errors(instances, found, images=(1,)):
    return detection_errors(compare(dataset(instances, images), {"bbox": found}, "detection"))


def made_of(found):
    return {kind: error.count for kind, error in found.errors.items() if error.count}


PERSON = (10, 10, 40, 40)


@pytest.mark.parametrize(
    ("second", "kind"),
    [
        (box((90, 90, 40, 40), 0.5), "background"),
        (box((10, 10, 40, 36), 0.5), "duplicate"),
        (box((10, 35, 40, 40), 0.5), "localisation"),
        (box((10, 10, 40, 40), 0.5, category=9), "classification"),
        (box((10, 35, 40, 40), 0.5, category=9), "both"),
    ],
)
def test_each_kind_of_wrong_detection(second, kind):
    """The person is found, so that mending takes the wrong detection away, which has cost nothing."""
    found = errors([annotation(1, 1, 2, PERSON)], [box(PERSON, 0.9), second])
    assert made_of(found) == {kind: 1} and found.judged == 2 and found.ap == 1
    assert {error.dap for error in found.errors.values()} == {0}
    surer = errors([annotation(1, 1, 2, PERSON)], [box(PERSON, 0.4), second])
    if second["category_id"] == 2 and kind != "duplicate":
        assert surer.ap == pytest.approx(0.5) and surer.errors[kind].dap == pytest.approx(0.5)


def test_the_surest_of_those_that_are_wrong_about_the_same_instance_is_mended():
    people = [annotation(1, 1, 2, PERSON), annotation(2, 1, 9, (100, 100, 40, 40))]
    shifted = (10, 35, 40, 40)
    car = box((100, 100, 40, 40), 0.9, category=9)
    found = errors(people, [box(shifted, 0.5), box(shifted, 0.6), box(PERSON, 0.7, category=9), car])
    # Of these the misnamed one is the surest, so that no better place mends the others.
    assert made_of(found) == {"classification": 1, "localisation": 2}
    assert found.categories["person"].errors["localisation"].dap == 0
    # It is an error of the category that it names, and costs the other one.
    assert found.categories["car"].errors["classification"].count == 1
    assert found.categories["person"].errors["classification"].count == 0
    assert found.categories["person"].errors["classification"].dap == pytest.approx(1)
    again = errors(people, [box(shifted, 0.5), box(shifted, 0.8), box(PERSON, 0.7, category=9), car])
    assert again.categories["person"].errors["localisation"].dap == pytest.approx(1)
    assert again.categories["person"].errors["classification"].dap == 0


def test_missed_instances_are_not_counted_when_mended():
    people = [annotation(n, 1, 2, (10 + 50 * n, 10, 40, 40)) for n in range(3)]
    found = errors(people, [box(people[0]["bbox"], 0.9)])
    assert made_of(found) == {"missed": 2}
    assert found.ap == pytest.approx(34 / 101) and found.errors["missed"].dap == pytest.approx(1 - 34 / 101)
    # One that a better place would find is not missed.
    assert made_of(errors(people[:1], [box((10, 35, 40, 40), 0.5)])) == {"localisation": 1}


def test_detections_in_crowds_count_for_nothing():
    people = [annotation(1, 1, 2, PERSON), annotation(2, 1, 2, (90, 90, 60, 60), iscrowd=1)]
    found = errors(people, [box(PERSON, 0.5), box((95, 95, 20, 20), 0.9)])
    assert found.ap == 1 and found.errors["background"].dap == 0


def test_categories_without_an_instance_are_left_out_of_the_mean():
    found = errors([annotation(1, 1, 2, PERSON)], [box(PERSON, 0.5), box((90, 90, 20, 20), 0.9, category=30)])
    assert found.ap == 1 and made_of(found) == {"background": 1} and found.errors["background"].dap == 0
    assert list(found.categories) == ["person"]


def test_nothing_found_and_nothing_annotated():
    nothing = errors([annotation(1, 1, 2, PERSON)], [])
    assert nothing.ap == 0 and made_of(nothing) == {"missed": 1} and nothing.errors["missed"].dap == 0
    empty = errors([], [box(PERSON, 0.5)])
    assert empty.ap is None and empty.errors["background"].count == 1 and empty.errors["background"].dap is None
    assert errors([], [], images=()).judged == 0
