"""CrowdPose's metrics against xtcocotools' copy of crowdposetools, and by hand."""

import contextlib
import copy
import io

import numpy as np
import pytest
from xtcocotools.coco import COCO
from xtcocotools.cocoeval import COCOeval

from anonbench.common.errors import UserError
from anonbench.evaluate.score import score
from tests.helpers.scored import resampled

JOINTS = 14
SIGMAS = [0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089, 0.079, 0.079]
CATEGORY = {
    "id": 1, "name": "person", "supercategory": "person", "is_person": True,
    "keypoints": [f"joint_{k}" for k in range(JOINTS)], "sigmas": SIGMAS,
}  # fmt: skip
NAMES = ["AP", "AP50", "AP75", "AP_easy", "AP_medium", "AP_hard", "AR", "PCK"]


def split(images, people):
    info = {"dataset": "made", "split": "val", "protocol": "crowdpose"}
    return {"info": info, "images": images, "annotations": people, "categories": [copy.deepcopy(CATEGORY)]}


def random_data(rng, images):
    """Images beside the lines between crowd levels, some empty; people who are tiny, huge, crowds or unlabelled."""
    rows, people, results = [], [], []
    for key in rng.choice(10 * images, images, replace=False).tolist():
        crowding = float(rng.choice([0, 0.0999, 0.1, 0.1999, 0.2, 0.7999, 0.8, 1, rng.random()]))
        rows.append({"id": key, "file_name": f"{key}.jpg", "width": 640, "height": 480, "crowdIndex": crowding})
        for _ in range(rng.integers(0, 6)):
            size = float(rng.choice([0.5, 6, 60, 300, 2000]))
            x, y = rng.uniform(-20, 400, 2)
            w, h = size * rng.uniform(0.5, 2, 2)
            joints = np.column_stack([rng.uniform(x, x + w, JOINTS), rng.uniform(y, y + h, JOINTS),
                                      rng.integers(0, 3, JOINTS)])  # fmt: skip
            if rng.random() < 0.15:
                joints[:12, 2] = 0  # head and neck at most, which CrowdPose does not count
            if rng.random() < 0.1:
                joints[:] = 0
            people.append({
                "id": 1 + len(people), "image_id": key, "category_id": 1, "bbox": [x, y, w, h],
                "area": float(rng.uniform(1, 1e5)), "iscrowd": int(rng.random() < 0.05),
                "keypoints": joints.ravel().tolist(), "num_keypoints": int((joints[:12, 2] > 0).sum()),
            })  # fmt: skip
            for _ in range(rng.integers(0, 4)):
                moved = joints.copy()
                moved[:, :2] += rng.normal(0, 0.08 * size * rng.random(), (JOINTS, 2))
                results.append(result(rng, key, moved))
        for _ in range(rng.choice([0, 0, 1, 25])):  # more than the 20 that count
            results.append(result(rng, key, rng.uniform(0, 400, (JOINTS, 3))))
    return split(rows, people), [results[k] for k in rng.permutation(len(results))]


def result(rng, image_id, joints):
    joints = np.column_stack([joints[:, :2], np.ones(JOINTS)])  # xtcocotools leaves out poses without a joint's score
    value = float(rng.choice([np.round(rng.random(), 1), rng.random()]))
    return {"image_id": image_id, "category_id": 1, "score": value, "keypoints": joints.ravel().tolist()}


def reference(truth, results, image_ids=None):
    """xtcocotools on records of its own, (AP, AP50, AP75, AR); the APs by crowd index are runs over a part."""
    truth = copy.deepcopy(truth)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        found = coco.loadRes(copy.deepcopy(results))
        run = COCOeval(coco, found, "keypoints_crowd", np.array(SIGMAS), use_area=False)
        if image_ids is not None:
            run.params.imgIds = image_ids
        run.evaluate()
        run.accumulate()
    precision, recall = run.eval["precision"][:, :, :, 0, :], run.eval["recall"][:, :, 0, :]
    return precision.mean(), precision[0].mean(), precision[5].mean(), recall.mean()


def test_equals_the_toolkit():
    truth, results = random_data(np.random.default_rng(0), images=220)
    scored = score(truth, {"keypoints": results}, ["pose"])["pose"]
    assert list(scored.metrics) == NAMES
    ap, ap50, ap75, ar = reference(truth, results)
    parts = [
        reference(truth, results, [row["id"] for row in truth["images"] if low <= row["crowdIndex"] < high])[0]
        for low, high in ((0, 0.2), (0.2, 0.8), (0.8, 2))
    ]
    assert [scored.metrics[name] for name in NAMES[:7]] == pytest.approx([ap, ap50, ap75, *parts, ar], abs=1e-9)
    assert len({round(value, 6) for value in (ap, *parts)}) == 4 and 0.05 < ap < 0.95
    counted = [p for p in truth["annotations"] if not p["iscrowd"] and p["num_keypoints"]]
    assert scored.instances == len(counted) < len(truth["annotations"])


def test_a_resample_equals_the_toolkit_on_copies_of_the_images():
    truth, results = random_data(np.random.default_rng(0), images=220)
    ids = sorted(row["id"] for row in truth["images"])
    indices = np.sort(np.random.default_rng(4).integers(0, 220, 90))
    drawn = [ids[i] for i in indices]
    rows = {row["id"]: row for row in truth["images"]}
    images = [rows[old] | {"id": new} for new, old in enumerate(drawn)]
    people, again = (
        [record | {"image_id": n} for n, old in enumerate(drawn) for record in records if record["image_id"] == old]
        for records in (truth["annotations"], results)
    )
    people = [record | {"id": 1 + n} for n, record in enumerate(people)]
    made = split(images, people)
    ap, ap50, ap75, ar = reference(made, again)
    parts = [
        reference(made, again, [row["id"] for row in images if low <= row["crowdIndex"] < high])[0]
        for low, high in ((0, 0.2), (0.2, 0.8), (0.8, 2))
    ]
    found, everything = resampled(truth, {"keypoints": results}, "pose", indices, range(220))
    assert found == pytest.approx(dict(zip(NAMES[:7], [ap, ap50, ap75, *parts, ar], strict=True)), abs=1e-9)
    assert everything["AP"] != pytest.approx(ap, abs=1e-3)


def test_the_area_of_a_person_is_a_share_of_the_box():
    """OKS of one joint that is off by d is exp(-d² / (8 σ² 0.53 w h)), whatever area the annotation claims."""
    size, sigma = 100.0, SIGMAS[0]
    distance = np.sqrt(-np.log(0.72) * 8 * sigma**2 * 0.53 * size**2)
    joints = [[0, 0, 0]] * JOINTS
    joints[0] = [50, 50, 2]
    person = {
        "id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, size, size], "area": 7, "iscrowd": 0,
        "keypoints": sum(joints, []), "num_keypoints": 1,
    }  # fmt: skip
    images = [{"id": 1, "file_name": "1.jpg", "width": 100, "height": 100, "crowdIndex": 0.1}]
    found = [50 + distance, 50, 1, *[0] * (3 * JOINTS - 3)]
    results = [{"image_id": 1, "category_id": 1, "score": 1, "keypoints": found}]
    metrics = score(split(images, [person]), {"keypoints": results}, ["pose"])["pose"].metrics
    assert [metrics["AP"], metrics["AP_easy"]] == pytest.approx([0.5, 0.5])  # 0.50 to 0.70 of 0.50 to 0.95
    assert metrics["AP_medium"] is None and metrics["AP_hard"] is None


def test_an_image_without_crowd_index_is_an_error():
    images = [{"id": 1, "file_name": "1.jpg", "width": 100, "height": 100}]
    with pytest.raises(UserError, match="made.*crowdIndex"):
        score(split(images, []), {"keypoints": []}, ["pose"])
