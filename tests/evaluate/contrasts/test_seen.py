"""What a model finds in an image, by hand and against pycocotools, and on which images two models differ."""

from __future__ import annotations

import numpy as np
import pytest

from anonbench.evaluate.coco import runs_of
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.contrasts.seen import Seen, balance, most_different, see
from tests.helpers.scored import annotation, dataset, random_data

PERSON, CAR = 2, 9


def box(category, x, y, score, size=20, image_id=1):
    return {"image_id": image_id, "category_id": category, "bbox": [x, y, size, size], "score": score}


def boxes(annotations, found, images=(1,)):
    return see(compare(dataset(annotations, images), {"bbox": found}, "detection"))


TRUTH = [
    annotation(1, 1, PERSON, (10, 10, 20, 20)),
    annotation(2, 1, PERSON, (60, 10, 20, 20)),
    annotation(3, 1, CAR, (110, 10, 20, 20)),
    annotation(4, 1, PERSON, (10, 80, 60, 60), iscrowd=1),
]


def test_a_detection_is_right_once_and_false_in_the_wrong_place_or_category():
    found = [
        box(PERSON, 12, 10, 0.6),  # a second one of the first person
        box(PERSON, 10, 10, 0.9),
        box(PERSON, 60, 22, 0.8),  # IoU 0.25
        box(CAR, 60, 10, 0.7),
        box(CAR, 110, 10, 0.3),
        box(PERSON, 60, 10, 0.29),  # not sure enough
        box(PERSON, 20, 90, 0.5),  # in a crowd
    ]
    (seen,) = boxes(TRUTH, found)
    assert [record["score"] for record in seen.found] == [0.9, 0.8, 0.7, 0.6, 0.3]
    assert seen.match.tolist() == [0, -1, -1, -1, 2] and len(seen.truth) == 3
    assert (seen.right, seen.false) == (2, 3)
    assert seen.value == pytest.approx(0.9 - 0.8 - 0.7 - 0.6 + 0.3)


def test_positions_are_among_the_instances_that_count():
    crowd_first = [TRUTH[3], *TRUTH[:3]]
    (seen,) = boxes(crowd_first, [box(CAR, 110, 10, 0.9), box(PERSON, 60, 10, 0.8)])
    assert [seen.truth[position]["bbox"][0] for position in seen.match] == [110, 60]


def test_an_overlap_of_half_matches():
    truth = [annotation(1, 1, PERSON, (10, 10, 20, 20))]
    (half,) = boxes(truth, [{**box(PERSON, 10, 10, 0.9), "bbox": [10, 10, 20, 40]}])
    (less,) = boxes(truth, [{**box(PERSON, 10, 10, 0.9), "bbox": [10, 10, 20, 41]}])
    assert (half.right, less.right) == (1, 0)


def test_images_without_detections_or_instances_are_seen_in_order_of_their_ids():
    seen = boxes([annotation(1, 4, PERSON, (10, 10, 20, 20))], [box(PERSON, 1, 1, 0.5, image_id=2)], images=(9, 4, 2))
    assert [one.image["id"] for one in seen] == [2, 4, 9]
    assert [(one.right, one.false, len(one.truth)) for one in seen] == [(0, 1, 0), (0, 0, 1), (0, 0, 0)]
    assert [one.value for one in seen] == [-0.5, 0, 0]


def test_poses_count_whatever_their_score_and_match_by_their_keypoints():
    points = [20, 20, 2, 40, 20, 2, 20, 60, 2, 40, 60, 2, 30, 10, 2]
    person = annotation(1, 1, PERSON, (10, 0, 40, 70), keypoints=points, num_keypoints=5)
    bare = annotation(2, 1, PERSON, (100, 80, 40, 70))  # without keypoints: ignored
    near, far, beside = ([value + shift * (n % 3 == 0) for n, value in enumerate(points)] for shift in (1, 600, 90))
    poses = [
        {"image_id": 1, "category_id": PERSON, "keypoints": places, "score": score}
        for places, score in ((near, 0.05), (far, 0.2), (beside, 0.9))
    ]
    (seen,) = see(compare(dataset([person, bare]), {"keypoints": poses}, "pose"))
    assert seen.match.tolist() == [-1, 0] and len(seen.truth) == 1
    assert seen.value == pytest.approx(0.05 - 0.2)


@pytest.mark.parametrize(("task", "kind"), [("detection", "bbox"), ("instance_segmentation", "segmentation")])
def test_matches_are_those_of_pycocotools(task, kind):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, results = random_data(np.random.default_rng(3), images=120)
    sure = {kind: [record for record in results[kind] if record["score"] >= 0.3]}
    ((images, categories, instances, found, iou_type, _),) = runs_of(compare(truth, sure, task))
    indexed = []
    for records in (instances, found):
        for key, record in enumerate(records, 1):
            record |= {"id": key} | ({"iscrowd": 0} if records is found else {})
        one = COCO()
        one.dataset = {"images": images, "categories": categories, "annotations": records}
        one.createIndex()
        indexed.append(one)
    run = COCOeval(*indexed, iou_type)
    run.evaluate()
    expected = {image["id"]: [0, 0] for image in images}
    for entry in run.evalImgs:
        if entry and entry["aRng"] == run.params.areaRng[0]:
            counted = ~entry["dtIgnore"][0].astype(bool)
            right = entry["dtMatches"][0] > 0
            expected[entry["image_id"]][0] += int((right & counted).sum())
            expected[entry["image_id"]][1] += int((~right & counted).sum())
    seen = see(compare(truth, results, task))
    assert {one.image["id"]: [one.right, one.false] for one in seen} == expected
    assert min(sum(one.right for one in seen), sum(one.false for one in seen)) > 50


def one(image_id, *scores):
    """What a model sees: right where a score is positive, false where it is negative."""
    found = [{"score": abs(score)} for score in scores]
    return Seen({"id": image_id}, [], found, np.array([0 if score > 0 else -1 for score in scores], dtype=np.int64))


def test_the_largest_difference_comes_first_whichever_model_is_better():
    first = [one(1, 0.5), one(2), one(3, 0.9, 0.8), one(4, -0.7), one(5, 0.5)]
    second = [one(1), one(2), one(3, 0.9, -0.8), one(4, 0.7), one(5, 0.0)]
    ranked = most_different(first, second, 10)
    assert [pair[0].image["id"] for pair in ranked] == [3, 4, 1, 5]  # 1.6, 1.4, and a tie in order
    assert ranked[0] == (first[2], second[2])
    assert [pair[0].image["id"] for pair in most_different(first, second, 2)] == [3, 4]


def test_the_balance_of_nothing_is_nothing():
    assert balance(np.zeros(0), np.zeros(0, dtype=np.int64)) == 0.0
    assert balance(np.array([0.5, 0.25]), np.array([3, -1])) == 0.25
