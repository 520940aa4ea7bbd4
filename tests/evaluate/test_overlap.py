"""Overlaps are pycocotools' to the last digit."""

import contextlib
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from anonbench.evaluate.comparison import compare
from anonbench.evaluate.overlap import encoded, overlaps
from tests.helpers.scored import annotation, random_data

KINDS = {"detection": "bbox", "instance_segmentation": "segmentation", "pose": "keypoints"}


@pytest.mark.parametrize("task", KINDS)
def test_overlaps_equal_pycocotools(task):
    truth, results = random_data(np.random.default_rng(2), images=60)
    hidden = annotation(9999, truth["images"][0]["id"], 2, (20, 20, 60, 90), keypoints=[0] * 15, num_keypoints=4)
    truth["annotations"].append(hidden)
    comparison = compare(truth, results, task)
    category, kind = comparison.by_id()[2], KINDS[task]
    known = [record | {"id": n} for n, record in enumerate(comparison.truth({2}), 1)]
    found = [record | {"id": n} for n, record in enumerate((r for r in comparison.found() if r["category_id"] == 2), 1)]
    sides = []
    for records in (known, found):
        sides.append(COCO())
        sides[-1].dataset = truth | {"annotations": [dict(record) for record in records]}
        with contextlib.redirect_stdout(io.StringIO()):
            sides[-1].createIndex()
    run = COCOeval(*sides, comparison.task.iou_type)
    if task == "pose":
        run.params.kpt_oks_sigmas = np.array(category["sigmas"])
    run._prepare()
    of = run.computeOks if task == "pose" else run.computeIoU
    images, seen = {image["id"]: image for image in truth["images"]}, 0
    for image_id in comparison.image_ids:
        detections = sorted((d for d in found if d["image_id"] == image_id), key=lambda d: -d["score"])
        instances = [g for g in known if g["image_id"] == image_id]
        if task == "instance_segmentation":
            instances = [g | {kind: encoded(g[kind], images[image_id])} for g in instances]
        stated = overlaps(detections, instances, kind, category.get("sigmas"))
        assert stated.shape == (len(detections), len(instances))
        if stated.size:
            np.testing.assert_allclose(stated, of(image_id, 2), rtol=0, atol=1e-15)
            seen += ((stated > 0.05) & (stated < 0.95)).sum()
    assert seen > 20


def test_a_person_without_labelled_keypoints_is_met_in_or_beside_the_box():
    person = {"bbox": [10, 10, 20, 20], "area": 400.0, "iscrowd": 0, "keypoints": [0] * 6}
    found = [{"keypoints": [x, 20, 1] * 2} for x in (20, -10, 50, 54)]
    near = np.exp(-(4**2) / (8 * 0.1**2 * 400))
    assert overlaps(found, [person], "keypoints", [0.1, 0.1])[:, 0] == pytest.approx([1, 1, 1, near])


def test_nothing_overlaps_nothing():
    assert overlaps([], [{"bbox": [0, 0, 1, 1], "iscrowd": 0}], "bbox").shape == (0, 1)
    assert overlaps([{"bbox": [0, 0, 1, 1]}], [], "bbox").shape == (1, 0)
