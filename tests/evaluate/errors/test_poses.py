"""Errors of poses against their definition, written out here as plain loops around pycocotools, and by hand."""

import contextlib
import copy
import io
import math

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from anonbench.evaluate.comparison import compare
from anonbench.evaluate.errors.poses import KINDS, pose_errors
from tests.helpers.scored import CATEGORIES, annotation, dataset, random_data

SIDES = {0: 1, 1: 0, 2: 3, 3: 2, 4: 4}  # of the person's five keypoints; the dog has the first three


@pytest.fixture(scope="module")
def made():
    """Poses with keypoints on the other side, on other people and far away."""
    rng = np.random.default_rng(3)
    truth, results = random_data(rng, images=150)
    people = {}
    for record in truth["annotations"]:
        if record.get("num_keypoints"):
            people.setdefault((record["image_id"], record["category_id"]), []).append(record)
    for record in results["keypoints"]:
        others = people.get((record["image_id"], record["category_id"]), [])
        points = record["keypoints"]
        for k in range(len(points) // 3):
            draw = rng.random()
            if draw < 0.15 and k < 2:
                points[3 * k : 3 * k + 2] = points[3 * (1 - k) : 3 * (1 - k) + 2]
            elif draw < 0.4 and others:
                taken = others[rng.integers(len(others))]["keypoints"]
                points[3 * k : 3 * k + 2] = (np.array(taken[3 * k : 3 * k + 2]) + rng.normal(0, 2, 2)).tolist()
            elif draw < 0.5:
                points[3 * k] += 60
    return truth, results


def run(truth, results, category, thresholds=None):
    """pycocotools over one category."""
    sides = []
    for records in (truth, results):
        sides.append(COCO())
        records = [r | {"id": n} for n, r in enumerate(records, 1)]
        sides[-1].dataset = {"images": IMAGES, "categories": [category], "annotations": records}
    with contextlib.redirect_stdout(io.StringIO()):
        for side in sides:
            side.createIndex()
        found = COCOeval(*sides, "keypoints")
        found.params.kpt_oks_sigmas = np.array(category["sigmas"])
        if thresholds:
            found.params.iouThrs = np.array(thresholds)
        found.evaluate()
        found.accumulate()
    return found


IMAGES = []


def similarity(x, y, person, k, sigma):
    px, py, v = person["keypoints"][3 * k : 3 * k + 3]
    return math.exp(-((x - px) ** 2 + (y - py) ** 2) / (8 * sigma**2 * person["area"])) if v else -1


def reference(made, category):
    """How often each error is made, AP, AP with each mended, and the number of judged keypoints."""
    comparison = compare(*made, "pose")
    IMAGES[:] = made[0]["images"]
    truth = comparison.truth({category["id"]})
    results = [r for r in comparison.found() if r["category_id"] == category["id"]]
    first = run(truth, results, category, [0.1])
    counts, mended, judged = dict.fromkeys(KINDS, 0), {kind: copy.deepcopy(results) for kind in KINDS}, 0
    for entry in filter(None, first.evalImgs[: len(IMAGES)]):
        for did, gid in zip(entry["dtIds"], entry["dtMatches"][0], strict=True):
            if not gid or not any(truth[int(gid) - 1]["keypoints"][2::3]):
                continue
            person, pose = truth[int(gid) - 1], results[did - 1]
            others = [t for t in truth if t["image_id"] == person["image_id"] and t is not person]
            for k, sigma in enumerate(category["sigmas"]):
                if not person["keypoints"][3 * k + 2]:
                    continue
                judged += 1
                x, y = pose["keypoints"][3 * k : 3 * k + 2]
                side = SIDES[k] if len(category["sigmas"]) == 5 or k < 2 else k
                own, inverted = (similarity(x, y, person, j, sigma) for j in (k, side))
                swapped = max((similarity(x, y, t, j, sigma) for t in others for j in (k, side)), default=-1)
                if max(own, inverted, swapped) < 0.5:
                    kind, reached = "miss", 0.5
                elif own >= max(inverted, swapped):
                    kind, reached = (None, None) if own >= 0.85 else ("jitter", 0.85)
                elif inverted >= swapped:
                    kind, reached = "inversion", inverted
                else:
                    kind, reached = "swap", swapped
                if kind:
                    counts[kind] += 1
                    off = math.sqrt(-math.log(reached) * 8 * sigma**2 * person["area"])
                    place = [person["keypoints"][3 * k] + off, person["keypoints"][3 * k + 1]]
                    mended[kind][did - 1]["keypoints"][3 * k : 3 * k + 2] = place
    aps = {kind: run(truth, records, category).eval["precision"][..., 0, -1].mean() for kind, records in mended.items()}
    return counts, run(truth, results, category).eval["precision"][..., 0, -1].mean(), aps, judged


def test_errors_equal_their_definition(made):
    found = pose_errors(compare(*made, "pose"))
    daps, counts, judged, means = [], dict.fromkeys(KINDS, 0), 0, []
    for category in CATEGORIES[:2]:
        number, ap, mended, seen = reference(made, category)
        part = found.categories[category["name"]]
        assert part.ap == pytest.approx(ap, abs=1e-12) and {k: e.count for k, e in part.errors.items()} == number
        dap = {kind: mended[kind] - ap for kind in KINDS}
        assert {kind: error.dap for kind, error in part.errors.items()} == pytest.approx(dap, abs=1e-12)
        judged += seen
        means.append(ap)
        daps.append([dap[kind] for kind in KINDS])
        counts = {kind: counts[kind] + number[kind] for kind in KINDS}
    assert found.ap == pytest.approx(np.mean(means)) and found.judged == judged
    assert {kind: error.count for kind, error in found.errors.items()} == counts and min(counts.values()) > 10
    assert [found.errors[kind].dap for kind in KINDS] == pytest.approx(np.mean(daps, axis=0), abs=1e-12)
    assert (np.abs(daps) > 1e-4).sum() >= 7


POINTS = np.array([(60, 20), (30, 20), (60, 60), (30, 60), (45, 5)], float)
ONE = [{"id": 2, "name": "person", "is_person": True, "keypoints": CATEGORIES[0]["keypoints"], "sigmas": [0.1] * 5}]


def person(key, points, visible=(2,) * 5):
    flat = np.column_stack([points, visible]).ravel().tolist()
    return annotation(key, 1, 2, (10, 10, 100, 140), keypoints=flat, area=400.0)


def errors(people, points):
    flat = np.column_stack([points, np.ones(5)]).ravel().tolist()
    found = [{"image_id": 1, "category_id": 2, "score": 0.5, "keypoints": flat}]
    return pose_errors(compare(dataset(people, categories=ONE), {"keypoints": found}, "pose"))


def away(similar):
    return math.sqrt(-math.log(similar) * 8 * 0.01 * 400)


def counts(found):
    return {kind: error.count for kind, error in found.errors.items() if error.count}


@pytest.mark.parametrize(
    ("joint", "moved", "kind"),
    [
        (1, away(0.86), None), (1, away(0.84), "jitter"), (1, away(0.51), "jitter"), (1, away(0.49), "miss"),
        (1, 30, "inversion"),
        (1, 100, "swap"),  # the other person's right shoulder
        (0, 70, "swap"),  # ... in place of the left one
    ],
)  # fmt: skip
def test_each_error_of_one_keypoint(joint, moved, kind):
    people = [person(1, POINTS), person(2, POINTS + [100, 0])]
    points = POINTS.copy()
    points[joint, 0] += moved
    found = errors(people, points)
    assert counts(found) == ({kind: 1} if kind else {}) and found.judged == 5


def test_mended_keypoints_reach_the_similarity_that_they_would_have():
    points = POINTS.copy()
    points[1, 0] += 300
    # Four of five right: OKS 0.8, 0.50 to 0.80 of the ten thresholds. Mended, the miss reaches 0.5: OKS 0.9.
    found = errors([person(1, POINTS)], points)
    assert found.ap == pytest.approx(0.7) and found.errors["miss"].dap == pytest.approx(0.2)
    points = POINTS.copy()
    points[1, 0] += 30  # ... and the inversion 1.
    found = errors([person(1, POINTS)], points)
    assert found.ap == pytest.approx(0.7) and found.errors["inversion"].dap == pytest.approx(0.3)
    assert {found.errors[kind].dap for kind in ("jitter", "swap", "miss")} == {0}


def test_keypoints_that_are_not_labelled_are_not_judged():
    points = POINTS.copy()
    points[1] += 300
    found = errors([person(1, POINTS, (2, 0, 1, 2, 2))], points)
    assert counts(found) == {} and found.judged == 4
    # Nor is one taken for an unlabelled one on the other side.
    points = POINTS.copy()
    points[1, 0] += 30
    assert counts(errors([person(1, POINTS, (0, 2, 2, 2, 2))], points)) == {"miss": 1}


def test_poses_of_nobody_are_not_judged():
    found = errors([person(1, POINTS)], POINTS + 500)
    assert found.judged == 0 and found.ap == 0 and counts(found) == {}
    assert pose_errors(compare(dataset([]), {"keypoints": []}, "pose")).ap is None
