"""WIDER FACE's metrics against the published algorithm, written out here as plain loops, and by hand.

The official code is MATLAB and is not run here.
"""

import math
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.evaluate.score import score
from tests.helpers.scored import resampled

SETTINGS = ["easy", "medium", "hard"]
NAMES = [f"AP_{setting}" for setting in SETTINGS]


def split(image_ids, faces):
    return {
        "info": {"dataset": "made", "split": "val", "protocol": "wider_face"},
        "images": [{"id": key, "file_name": f"{key}.jpg", "width": 1024, "height": 768} for key in image_ids],
        "annotations": faces,
        "categories": [{"id": 1, "name": "face", "supercategory": "person", "is_person": True}],
    }


def face(image_id, box, difficulty, **more):
    return {"id": 1, "image_id": image_id, "category_id": 1, "bbox": box, "iscrowd": 0, "difficulty": difficulty} | more


def found(image_id, box, value):
    return {"image_id": image_id, "category_id": 1, "bbox": box, "score": value}


def whole(value):
    """MATLAB's int32 of a number."""
    rounded = int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP))
    return max(-(2**31), min(2**31 - 1, rounded))


def iou(face, box):
    """boxoverlap.m of an int32 face and a double box."""
    x1, y1, w, h = map(whole, face)
    x2, y2 = whole(x1 + w), whole(y1 + h)
    right, bottom = box[0] + box[2], box[1] + box[3]
    width = whole(whole(whole(min(x2, right)) - whole(max(x1, box[0]))) + 1)
    height = whole(whole(whole(min(y2, bottom)) - whole(max(y1, box[1]))) + 1)
    if width <= 0 or height <= 0:
        return 0
    shared = whole(width * height)
    of_face = whole((x2 - x1 + 1) * (y2 - y1 + 1))
    of_box = (right - box[0] + 1) * (bottom - box[1] + 1)
    either = whole(whole(of_face + of_box) - shared)
    return whole(shared / either) if either else 2**31 - 1


def reference(truth, results, setting):
    """AP of one setting, straight from the rule and one threshold after another."""
    single = [np.float32(r["score"]) for r in results]
    lowest = min(single, default=np.float32(0))
    highest = max([*single, np.finfo(np.float32).tiny])
    proposals, recalled, counted = [0] * 1000, [0] * 1000, 0
    for image in truth["images"]:
        faces = [a for a in truth["annotations"] if a["image_id"] == image["id"]]
        counted += sum(setting in a.get("difficulty", []) for a in faces)
        boxes = [r for r in results if r["image_id"] == image["id"]]
        if not faces or not boxes:
            continue
        boxes.sort(key=lambda r: -r["score"])
        state = ["untouched"] * len(faces)
        is_proposal, hits = [], []
        for box in boxes:
            best, place = -1.0, None
            for k, a in enumerate(faces):
                overlap = iou(a["bbox"], box["bbox"])
                if overlap > best:
                    best, place = overlap, k
            valid = True
            if best >= 0.5:
                if setting not in faces[place].get("difficulty", []):
                    state[place], valid = "ignored", False
                elif state[place] == "untouched":
                    state[place] = "found"
            is_proposal.append(valid)
            hits.append(state.count("found"))
        if highest == lowest:
            continue
        for t in range(1, 1001):
            last = None
            for k, box in enumerate(boxes):
                if float((np.float32(box["score"]) - lowest) / (highest - lowest)) >= 1 - t / 1000:
                    last = k
            if last is not None:
                proposals[t - 1] += sum(is_proposal[: last + 1])
                recalled[t - 1] += hits[last]
    if not counted:
        return None
    recall = [0.0, *(r / counted for r in recalled), 1.0]
    precision = [0.0, *(r / p if p else math.nan for r, p in zip(recalled, proposals, strict=True)), 0.0]
    for k in range(len(precision) - 2, -1, -1):  # MATLAB's max passes over NaN
        precision[k] = precision[k + 1] if math.isnan(precision[k]) else max(precision[k], precision[k + 1])
    return sum((recall[k] - recall[k - 1]) * precision[k] for k in range(1, len(recall)) if recall[k] != recall[k - 1])


def random_data(rng, images):
    """Faces of 0 to 900 px, some reaching out of the image, beside empty images; results that miss and repeat."""
    faces, results = [], []
    ids = rng.choice(10 * images, images, replace=False).tolist()
    for key in ids:
        for _ in range(rng.choice([0, 1, 2, 6])):
            w, h = rng.choice([0, 1, 3, 12, 60, 900]) * rng.uniform(0.8, 1.2, 2)
            box = np.round([rng.uniform(-30, 400), rng.uniform(-30, 300), w, h]).tolist()
            hardest = rng.integers(0, 4)  # easy faces count for medium and hard, too; some for none
            more = {"id": 1 + len(faces), "iscrowd": int(hardest == 3 and rng.random() < 0.5)}
            if faces and rng.random() < 0.3:  # a face in the place of another, for the first of which detections count
                box = [*faces[-1]["bbox"][:3], round(faces[-1]["bbox"][3] * rng.uniform(0.6, 1.5))]
            faces.append(face(key, box, SETTINGS[hardest:], **more))
            if hardest == 3 and rng.random() < 0.3:
                del faces[-1]["difficulty"]
            for _ in range(rng.integers(0, 4)):
                moved = box + rng.normal(0, 0.06, 4) * (2 + box[2] + box[3]) * (rng.random() < 0.7)
                results.append(found(key, moved.tolist(), 0.4 + 0.6 * draw_score(rng)))
        for _ in range(rng.choice([0, 0, 0, 4])):
            results.append(found(key, rng.uniform(0, 300, 4).tolist(), draw_score(rng)))
    return split(ids, faces), [results[k] for k in rng.permutation(len(results))]


def draw_score(rng):
    return float(rng.choice([np.round(rng.random(), 1), rng.random(), rng.random() ** 8]))


@pytest.fixture(scope="module")
def made():
    return random_data(np.random.default_rng(3), images=220)


@pytest.fixture(scope="module")
def scored(made):
    return score(made[0], {"bbox": made[1]}, ["detection"])["detection"]


def test_equals_the_published_algorithm(made, scored):
    truth, results = made
    expected = [reference(truth, results, setting) for setting in SETTINGS]
    assert list(scored.metrics) == NAMES
    assert [scored.metrics[name] for name in NAMES] == pytest.approx(expected, abs=1e-9)
    assert len({round(value, 2) for value in expected}) == 3 and all(0.05 < value < 0.95 for value in expected)
    hard = sum("hard" in a.get("difficulty", []) for a in truth["annotations"])
    assert scored.instances == scored.categories["face"].instances == hard
    assert scored.categories["face"].metrics == scored.metrics


def test_a_resample_equals_the_algorithm_on_copies_of_the_images(made):
    truth, results = made
    ids = sorted(image["id"] for image in truth["images"])
    indices = np.sort(np.random.default_rng(1).integers(0, 220, 60))
    faces, again = [], []
    for new, old in enumerate(ids[i] for i in indices):
        faces += [a | {"image_id": new} for a in truth["annotations"] if a["image_id"] == old]
        again += [r | {"image_id": new} for r in results if r["image_id"] == old]
    expected = [reference(split(range(60), faces), again, setting) for setting in SETTINGS]
    found, empty = resampled(truth, {"bbox": results}, "detection", indices, [])
    assert found == pytest.approx(dict(zip(NAMES, expected, strict=True)), abs=1e-9)
    assert list(empty) == NAMES and np.isnan(list(empty.values())).all()


def ap(faces, results, image_ids=(1, 2)):
    return list(score(split(image_ids, faces), {"bbox": results}, ["detection"])["detection"].metrics.values())


BOX = [10, 10, 19, 19]
FAR = [500, 500, 19, 19]
ALL = SETTINGS


def test_one_of_two_faces_found_before_a_miss():
    faces = [face(1, BOX, ALL), face(1, [300, 10, 19, 19], ALL)]
    assert ap(faces, [found(1, BOX, 0.9), found(1, FAR, 0.1)]) == pytest.approx([0.5] * 3)
    # The miss comes first, so precision is one half where the face is found.
    assert ap(faces, [found(1, BOX, 0.1), found(1, FAR, 0.9)]) == pytest.approx([0.25] * 3)


def test_a_face_that_a_setting_does_not_count_is_neither_missed_nor_false():
    faces = [face(1, BOX, ALL), face(1, FAR, ["hard"]), face(1, [300, 300, 50, 50], [])]
    results = [found(1, BOX, 0.5), found(1, FAR, 0.9), found(1, [300, 300, 50, 50], 0.8), found(2, FAR, 0.0)]
    assert ap(faces, results) == pytest.approx([1, 1, 1])
    assert ap(faces, results[:1] + results[3:]) == pytest.approx([1, 1, 0.5])


def test_finding_a_face_twice_is_false_once():
    faces = [face(1, BOX, ALL), face(1, FAR, ALL)]
    results = [found(1, BOX, 0.9), found(1, BOX, 0.8), found(1, FAR, 0.7), found(2, BOX, 0.0)]
    assert ap(faces, results) == pytest.approx([0.5 + 0.5 * 2 / 3] * 3)


def test_boxes_include_their_last_pixel():
    faces = [face(1, [0, 0, 4, 2], ALL)]
    assert ap(faces, [found(1, [0, 0, 2, 2], 0.9), found(2, FAR, 0.0)]) == pytest.approx([1] * 3)


def test_a_detection_belongs_to_the_first_face_that_it_overlaps_enough():
    faces = [face(1, [0, 0, 9, 9], ALL), face(1, [0, 0, 9, 11], ALL)]
    results = [found(1, [0, 0, 9, 11], 0.9), found(1, [0, 0, 9, 9], 0.8), found(1, [60, 60, 9, 9], 0.1)]
    assert ap(faces, results) == [0.5] * 3


@pytest.mark.parametrize(
    ("face_y", "y", "h", "ap_value"),
    [
        (0, 0, 3.6, 1),
        # Halves go away from zero: the lower edge at 3.5 to 4 ...
        (0, 0, 3.5, 1),
        (0, 0, 3.49, 0),
        # ... at -4.5 to -5, and the upper one at 0.5 to 1, at -3.5 to -4.
        (-9, -9, 4.5, 0),
        (0, 0.5, 4.5, 0),
        (-9, -3.5, 3.5, 1),
        (-9, -3.49, 3.49, 0),
        # The face's 100 px and 50.4 or 50.6 of the detection are 150 and 151, and the IoU 50 / 100 and 50 / 101.
        (0, 0, 4.04, 1),
        (0, 0, 4.06, 0),
    ],
)
def test_corners_and_areas_are_rounded_as_int32(face_y, y, h, ap_value):
    results = [found(1, [0, y, 9, h], 0.9), found(1, [60, 60, 9, 9], 0.1)]
    assert ap([face(1, [0, face_y, 9, 9], ALL)], results) == [ap_value] * 3


def test_scores_are_stretched_in_single_precision():
    faces = [face(1, [0, 0, 9, 9], ALL), face(1, [30, 30, 9, 9], ALL)]
    results = [found(1, [0, 0, 9, 9], 1.0), found(1, [30, 30, 9, 9], 0.9)]
    results += [found(1, [60, 60, 9, 9], 0.8995), found(1, [70, 70, 9, 9], 0)]
    assert ap(faces, results) == [0.5 + 0.5 * 2 / 3] * 3
    # What single precision cannot tell apart is the same score, of which nothing is found.
    assert ap(faces, [found(1, [0, 0, 9, 9], 0.5), found(1, [30, 30, 9, 9], 0.5 + 1e-9)]) == [0] * 3


def test_boxes_beyond_int32_saturate():
    huge = [found(1, [-1e12, -1e12, 2e12, 2e12], 0.9), found(2, FAR, 0.0)]
    assert ap([face(1, BOX, ALL)], huge) == [0] * 3
    assert ap([face(1, [0, 0, 2**31 - 1, 2**31 - 1], ALL)], huge) == [1] * 3  # all areas are as large
    # Half of it is shared, a third of the union; but the sum of the areas ends at 2**31 - 1.
    half = [found(1, [0, 20000, 39999, 39999], 0.9), found(2, FAR, 0.0)]
    assert ap([face(1, [0, 0, 39999, 39999], ALL)], half) == [1] * 3


def test_scores_within_a_thousandth_are_one_step():
    faces = [face(1, BOX, ALL), face(1, [300, 10, 19, 19], ALL)]
    ends = [found(2, FAR, 1.0), found(2, FAR, 0.0)]  # in an image without faces: they stretch the scores, no more
    apart = [found(1, BOX, 0.5009), found(1, FAR, 0.4999)]
    assert ap(faces, ends + apart) == pytest.approx([0.5] * 3)
    assert ap(faces, ends + [found(1, BOX, 0.5009), found(1, FAR, 0.5005)]) == pytest.approx([0.25] * 3)


def test_scores_are_stretched_over_the_images_that_are_drawn():
    faces = [face(1, BOX, ALL), face(1, [300, 10, 19, 19], ALL)]
    results = [found(2, FAR, 1.0), found(2, FAR, 0.0), found(1, BOX, 0.5009), found(1, FAR, 0.5005)]
    both, first = resampled(split((1, 2), faces), {"bbox": results}, "detection", [0, 1], [0, 0])
    assert list(both.values()) == pytest.approx([0.25] * 3)  # one step
    assert list(first.values()) == pytest.approx([0.5] * 3)  # the whole range apart


def test_scores_that_are_all_the_same_find_nothing():
    assert ap([face(1, BOX, ALL)], [found(1, BOX, 0.7)]) == [0, 0, 0]


def test_nothing_found_and_nothing_counted():
    assert ap([face(1, BOX, ["hard"])], []) == [None, None, 0]


def test_a_split_without_difficulties_is_an_error():
    bare = face(1, BOX, [])
    del bare["difficulty"]
    with pytest.raises(UserError, match="made.*difficulty"):
        ap([bare], [])
