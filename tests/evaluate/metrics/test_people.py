"""AP of people in strata against pycocotools, whose areas are made to stand for bands, and by hand."""

import contextlib
import copy
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from anonbench.common.rle import decode_mask, encode_mask
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.score import score
from anonbench.evaluate.strata import CROWDINGS as CROWDING_BANDS
from anonbench.evaluate.strata import HEIGHTS as HEIGHT_BANDS
from anonbench.evaluate.strata import covered_shares
from tests.helpers.scored import CATEGORIES, SIZE, annotation, dataset, random_data

HEIGHTS = {"<32": (0, 32), "32-64": (32, 64), "64-128": (64, 128), "128-256": (128, 256), ">=256": (256, np.inf)}
OCCLUSIONS = {"bare": (0, 0.1), "partial": (0.1, 0.35), "heavy": (0.35, 2)}
CROWDINGS = {"1": (1, 2), "2-4": (2, 5), "5-9": (5, 10), ">=10": (10, np.inf)}
ALL = ["detection", "instance_segmentation", "pose"]
KINDS = dict(zip(ALL, ("bbox", "segmentation", "keypoints"), strict=True))


@pytest.fixture(scope="module")
def made():
    """People and dogs, both of which count as people, a third of them beside another one."""
    rng = np.random.default_rng(8)
    truth, results = random_data(rng, images=200)
    for category in truth["categories"][:2]:
        category["is_person"] = True
    for record in rng.permutation(truth["annotations"])[:120]:
        x, y, w, h = record["bbox"]
        box = [x + rng.uniform(-0.6, 0.6) * w, y + rng.uniform(-0.3, 0.3) * h, w, h]
        truth["annotations"].append(annotation(3 * len(truth["annotations"]), record["image_id"], 2, box))
    return truth, results


@pytest.fixture(scope="module")
def scored(made):
    return score(*made, ALL)


def evaluation(made, task, category):
    """pycocotools' run over a category, of which overlaps and records are kept."""
    comparison = compare(*made, task)
    known = [r | {"id": n} for n, r in enumerate(comparison.truth({category["id"]}), 1)]
    found = [r | {"id": n} for n, r in enumerate(comparison.found(), 1) if r["category_id"] == category["id"]]
    sides = []
    for records in (known, found):
        sides.append(COCO())
        sides[-1].dataset = copy.deepcopy(made[0] | {"annotations": records, "categories": [category]})
    with contextlib.redirect_stdout(io.StringIO()):
        for side in sides:
            side.createIndex()
        run = COCOeval(*sides, comparison.task.iou_type)
        if task == "pose":
            run.params.kpt_oks_sigmas = np.array(category["sigmas"])
        run.evaluate()
    return run, known


def ap_of(run, counts_instance, counts_detection, image_ids=None):
    """(AP, AP50) where some instances, and unmatched detections, are out of the area; NaN without an instance."""
    for sides, counted in ((run._gts, counts_instance), (run._dts, counts_detection)):
        for records in sides.values():
            for record in records:
                record["area"] = float(counted(record))
    run.params.areaRng, run.params.areaRngLbl = [[1, 1]], ["band"]
    run.params.imgIds = sorted(image_ids or {image for image, _ in run.ious})
    run.evalImgs = [
        run.evaluateImg(image, category, [1, 1], run.params.maxDets[-1])
        for category in run.params.catIds
        for image in run.params.imgIds
    ]
    run._paramsEval = copy.deepcopy(run.params)
    with contextlib.redirect_stdout(io.StringIO()):
        run.accumulate()
    precision = run.eval["precision"][..., 0, -1]
    return np.array([np.nan, np.nan]) if (precision == -1).all() else np.array([precision.mean(), precision[0].mean()])


def height_of(record, kind):
    if kind == "bbox" or "iscrowd" in record and "score" not in record:
        return record["bbox"][3]
    if kind == "keypoints":
        return max(record[kind][1::3]) - min(record[kind][1::3])
    rows = np.flatnonzero(decode_mask(record[kind]).any(axis=1))
    return rows.max() - rows.min() + 1 if len(rows) else 0


def pixels(record):
    """The pixels of a person's mask, or box where there is none."""
    found = np.zeros((SIZE, SIZE), bool)
    x, y, w, h = record["bbox"]
    rows, columns = np.indices(found.shape)
    # pycocotools draws a box as the pixels whose centres are right of and below its rounded corners.
    found[(rows + 0.5 > y) & (rows + 0.5 <= y + h) & (columns + 0.5 > x) & (columns + 0.5 <= x + w)] = True
    return found


def shares_of(made):
    """How much of each person's box others cover, by annotation id."""
    shares = {}
    people = [a for a in made[0]["annotations"] if a["category_id"] in (2, 7)]
    for person in people:
        own, others = pixels(person), np.zeros((SIZE, SIZE), bool)
        for other in people:
            if other is not person and other["image_id"] == person["image_id"] and not other["iscrowd"]:
                others |= pixels(other)
        shares[person["id"]] = (own & others).sum() / max(1, own.sum())
    return shares


def expected(made, task, scope, low, high):
    """The mean over the categories of pycocotools' AP and AP50, and the instances."""
    values, instances = [], 0
    people = [a for a in made[0]["annotations"] if a["category_id"] in (2, 7)]
    shares = shares_of(made)
    for category in made[0]["categories"][:2]:
        run, known = evaluation(made, task, category)
        source = [a for a in people if a["category_id"] == category["id"]]
        value = {
            "height_px": lambda place, known=known: known[place - 1]["bbox"][3],
            "occlusion": lambda place, source=source: shares[source[place - 1]["id"]],
        }.get(scope, lambda place: low)
        images = None
        if scope == "crowding":
            number = {i["id"]: [a for a in people if a["image_id"] == i["id"]] for i in made[0]["images"]}
            crowd = {key: any(a["iscrowd"] for a in of) for key, of in number.items()}
            images = {key for key, of in number.items() if low <= (99 if crowd[key] else len(of)) < high}
            if not images:
                continue

        def instance_counts(record, value=value):
            return low <= value(record["id"]) < high

        def detection_counts(record):
            return scope != "height_px" or low <= height_of(record, KINDS[task]) < high

        values.append(ap_of(run, instance_counts, detection_counts, images))
        chosen = (r for r in known if images is None or r["image_id"] in images)
        instances += sum(
            not r["iscrowd"] and r.get("num_keypoints", 1) > 0 and low <= value(r["id"]) < high for r in chosen
        )
    defined = [value for value in values if not np.isnan(value).any()]
    return (np.mean(defined, axis=0) if defined else None), instances


@pytest.mark.parametrize("task", ALL)
@pytest.mark.parametrize(
    ("scope", "bands"), [("height_px", HEIGHTS), ("occlusion", OCCLUSIONS), ("crowding", CROWDINGS)]
)
def test_strata_equal_pycocotools(made, scored, task, scope, bands):
    strata = scored[task].strata[scope]
    named = {}
    for name, (low, high) in bands.items():
        values, instances = expected(made, task, scope, low, high)
        if instances:
            named[name] = (instances, *values)
    assert list(strata) == list(named) and len(named) >= 3
    for name, (instances, ap, ap50) in named.items():
        assert list(strata[name].metrics) == ["AP", "AP50"]
        assert strata[name].metrics["AP"] == pytest.approx(ap, abs=1e-12), name
        assert strata[name].metrics["AP50"] == pytest.approx(ap50, abs=1e-12), name
        assert strata[name].instances == instances
    assert len({round(ap, 3) for _, ap, _ in named.values()}) >= 3


def box(image_id, xywh, value=0.9):
    return {"image_id": image_id, "category_id": 2, "bbox": xywh, "score": value}


def strata(truth, found):
    return score(truth, {"bbox": found}, ["detection"])["detection"].strata


def test_only_people_are_divided():
    cars = dataset([annotation(1, 1, 9, (10, 10, 50, 50))], categories=CATEGORIES[2:])
    assert strata(cars, []) == {}
    mixed = dataset([annotation(1, 1, 9, (10, 10, 50, 20)), annotation(2, 1, 2, (10, 10, 50, 50))])
    assert list(strata(mixed, [])["height_px"]) == ["32-64"]


@pytest.mark.parametrize(("task", "most"), [("detection", 100), ("pose", 20)])
def test_as_many_detections_of_an_image_count_as_in_coco(task, most):
    points = [12, 12, 2] * 5
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40), keypoints=points)])
    hit = {"image_id": 1, "category_id": 2, "score": 0.1, "bbox": [10, 10, 40, 40], "keypoints": points}
    miss = hit | {"score": 0.9, "bbox": [90, 90, 20, 40], "keypoints": [90, 90, 2, 90, 130, 2] + [90, 110, 2] * 3}
    for misses, found in ((most - 1, True), (most, False)):
        results = {KINDS[task]: [hit, *[miss] * misses]}
        stratum = score(truth, results, [task])[task].strata["height_px"]["32-64"]
        assert (stratum.metrics["AP50"] > 0) == found


def test_an_edge_belongs_to_the_band_above():
    truth = dataset([annotation(1, 1, 2, (10, 10, 9, 32)), annotation(2, 1, 2, (80, 80, 9, 31.9))])
    found = strata(truth, [box(1, [10, 10, 9, 32])])["height_px"]
    assert {name: stratum.metrics["AP"] for name, stratum in found.items()} == {"<32": 0, "32-64": pytest.approx(1)}


def test_the_edges_of_all_bands():
    assert HEIGHT_BANDS.of([31.9, 32, 63.9, 64, 127.9, 128, 255.9, 256]).tolist() == [0, 1, 1, 2, 2, 3, 3, 4]
    assert CROWDING_BANDS.of([0, 1, 2, 4, 5, 9, 10, np.inf]).tolist() == [0, 1, 2, 2, 3, 3, 4, 4]


def test_a_miss_of_another_height_costs_nothing_and_one_of_this_height_does():
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40))])
    hit = box(1, [10, 10, 40, 40], 0.5)
    assert strata(truth, [hit, box(1, [90, 90, 20, 70])])["height_px"]["32-64"].metrics["AP"] == pytest.approx(1)
    assert strata(truth, [hit, box(1, [90, 90, 20, 60])])["height_px"]["32-64"].metrics["AP"] == pytest.approx(0.5)
    # ... and of any height in the other scopes.
    assert strata(truth, [hit, box(1, [90, 90, 20, 70])])["occlusion"]["bare"].metrics["AP"] == pytest.approx(0.5)


IMAGE = {"id": 1, "width": SIZE, "height": SIZE}


def test_others_cover_by_their_masks_where_they_have_one():
    mask = np.zeros((SIZE, SIZE), bool)
    mask[10:50, 30:40] = True  # a quarter of the first person's box; its box covers a half
    first = annotation(1, 1, 2, (10, 10, 40, 40), segmentation=None)
    second = annotation(2, 1, 2, (30, 10, 40, 40), segmentation=encode_mask(mask))
    assert covered_shares([first, second], IMAGE) == pytest.approx([0.25, 0.5])
    assert covered_shares([first, second | {"segmentation": None}], IMAGE) == pytest.approx([0.5, 0.5])
    assert covered_shares([first, second | {"iscrowd": 1}], IMAGE) == pytest.approx([0, 0.5])


def test_two_who_cover_the_same_pixels_count_once_and_what_lies_outside_the_image_not():
    first = annotation(1, 1, 2, (-40, 10, 80, 40), segmentation=None)  # half of it in the image
    others = [annotation(n, 1, 2, (20, 10, 40, 40), segmentation=None) for n in (2, 3)]
    assert covered_shares([first, *others], IMAGE)[0] == pytest.approx(0.5)
    assert covered_shares([first], IMAGE) == covered_shares([first, annotation(4, 1, 2, (99, 99, 9, 9))], IMAGE)[0] == 0


def test_an_image_with_a_crowd_is_among_the_most_crowded():
    truth = dataset(
        [annotation(1, 1, 2, (10, 10, 40, 40)), annotation(2, 2, 2, (10, 10, 40, 40)),
         annotation(3, 2, 2, (60, 60, 40, 40), iscrowd=1)],
        images=(1, 2, 3),
    )  # fmt: skip
    found = strata(truth, [box(1, [10, 10, 40, 40]), box(3, [10, 10, 40, 40], 1.0)])["crowding"]
    # The miss in the image without people is in no stratum.
    assert {name: (of.instances, of.metrics["AP"], of.metrics["AP50"]) for name, of in found.items()} == {
        "1": (1, pytest.approx(1), pytest.approx(1)),
        ">=10": (1, 0, 0),
    }


def test_faces_that_no_setting_of_wider_face_counts_are_ignored():
    faces = [annotation(1, 1, 1, (10, 10, 40, 40), difficulty=["hard"]),
             annotation(2, 1, 1, (90, 90, 40, 40), difficulty=[])]  # fmt: skip
    truth = dataset(faces, categories=[{"id": 1, "name": "face", "is_person": True}])
    truth["info"]["protocol"] = "wider_face"
    results = [box(1, [10, 10, 40, 40], 0.5), box(1, [90, 90, 40, 40])]
    found = strata(truth, [result | {"category_id": 1} for result in results])["height_px"]
    assert found["32-64"].instances == 1 and found["32-64"].metrics["AP"] == pytest.approx(1)
