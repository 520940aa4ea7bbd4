"""Which labels are made again of what a model finds, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from anonbench.common.rle import encode_mask
from anonbench.labels.remake import Counts, remake
from tests.helpers.scored import SIZE, annotation, dataset

PERSON, DOG, CAR = 2, 7, 9
POINTS = 5  # of a person


def found(box, score, category=PERSON, image_id=1):
    return {"image_id": image_id, "category_id": category, "bbox": list(box), "score": score}


def mask(x, y, w, h):
    pixels = np.zeros((SIZE, SIZE), dtype=bool)
    pixels[y : y + h, x : x + w] = True
    return encode_mask(pixels)


def remade(annotations, boxes, redrawn=(1,), images=(1,), masks=None):
    """The annotations by id, and the counts."""
    predictions = {"bbox": boxes}
    if masks is not None:
        predictions["segmentation"] = [
            {key: value for key, value in box.items() if key != "bbox"} | {"segmentation": rle}
            for box, rle in zip(boxes, masks, strict=True)
        ]
    split, counts = remake(dataset(annotations, images), predictions, set(redrawn))
    assert split["info"]["remade_labels"] == counts.model_dump() and len(split["annotations"]) == len(annotations)
    return {record["id"]: record for record in split["annotations"]}, counts


ONE = annotation(1, 1, PERSON, (10, 10, 20, 20), identity=5, face_box=[12, 12, 4, 4], doubtful=True, num_keypoints=0)


def test_a_label_is_that_of_the_surest_detection_that_overlaps_enough():
    boxes = [found((10, 10, 20, 20), 0.7), found((10, 14, 20, 20), 0.9), found((10, 17, 20, 20), 0.95)]  # IoU .67, .48
    labels, counts = remade([ONE], boxes, masks=[mask(10, 10, 20, 20), mask(10, 14, 20, 10), mask(10, 17, 20, 20)])
    assert labels[1] == {
        "id": 1, "image_id": 1, "category_id": PERSON, "iscrowd": 0, "identity": 5, "bbox": [10, 14, 20, 20],
        "area": 200, "segmentation": mask(10, 14, 20, 10),
    }  # fmt: skip
    assert counts == Counts(people=1, remade=1, ignored=0)


@pytest.mark.parametrize(
    "box",
    [
        found((10, 10, 20, 20), 0.29),
        found((10, 10, 20, 20), 0.9, CAR),
        found((10, 10, 20, 20), 0.9, image_id=2),
        found((10, 17, 20, 20), 0.9),
        found((float("nan"), 10, 20, 20), 0.9),
    ],
    ids=["unsure", "category", "image", "place", "diverged"],
)
def test_whom_nobody_finds_becomes_a_crowd_where_they_were(box):
    labels, counts = remade([ONE], [box], images=(1, 2))
    assert labels[1] == ONE | {"iscrowd": 1} and counts == Counts(people=1, remade=0, ignored=1)


def test_from_a_score_of_three_tenths_a_detection_counts():
    assert remade([ONE], [found((10, 10, 20, 20), 0.3)])[1].remade == 1


def test_everybody_else_keeps_their_label():
    others = [
        annotation(2, 1, PERSON, (60, 10, 20, 20)),  # visible on purpose
        annotation(3, 1, CAR, (60, 60, 20, 20)),
        annotation(4, 1, PERSON, (100, 10, 40, 40), iscrowd=1),
    ]
    boxes = [found(box, 0.9) for box in ((62, 10, 20, 20), (100, 10, 40, 40), (10, 11, 20, 20))]
    labels, counts = remade([ONE, *others], [*boxes, found((61, 61, 20, 20), 0.9, CAR)], redrawn=(1, 4))
    assert [labels[other["id"]] for other in others] == others
    assert labels[1]["bbox"] == [10, 11, 20, 20] and counts == Counts(people=1, remade=1, ignored=0)


def test_nobody_gets_the_detection_of_a_neighbour():
    """It overlaps both by half or more, and the neighbour, who is as they were, most."""
    neighbour = annotation(2, 1, PERSON, (10, 15, 20, 20))
    labels, counts = remade([ONE, neighbour], [found((10, 14, 20, 20), 0.9)])
    assert labels[1]["iscrowd"] == 1 and labels[2] == neighbour and counts.ignored == 1
    labels, _ = remade([ONE, neighbour], [found((10, 14, 20, 20), 0.9), found((10, 13, 20, 20), 0.8)], redrawn=(1, 2))
    assert (labels[1]["bbox"], labels[2]["bbox"]) == ([10, 13, 20, 20], [10, 14, 20, 20])


def test_of_a_model_without_masks_a_label_is_its_box():
    labels, _ = remade([ONE], [found((10, 12, 20, 22), 0.9)])
    assert "segmentation" not in labels[1] and labels[1]["area"] == 440


def test_an_instance_without_a_mask_gets_none():
    without = {key: value for key, value in ONE.items() if key != "segmentation"}
    labels, _ = remade([without], [found((10, 12, 20, 22), 0.9)], masks=[mask(10, 12, 20, 22)])
    assert "segmentation" not in labels[1] and labels[1]["bbox"] == [10, 12, 20, 22] and labels[1]["area"] == 440


def test_a_detection_with_an_empty_mask_is_none():
    boxes = [found((10, 10, 20, 20), 0.9), found((10, 12, 20, 20), 0.8)]
    labels, _ = remade([ONE], boxes, masks=[mask(0, 0, 0, 0), mask(10, 12, 5, 5)])
    assert labels[1]["bbox"] == [10, 12, 20, 20] and labels[1]["area"] == 25


def posed(annotations, poses, redrawn=(1,)):
    results = [
        {"image_id": 1, "category_id": PERSON, "annotation_id": key, "score": 0.5, "keypoints": keypoints}
        for key, keypoints in poses.items()
    ]
    split, counts = remake(dataset(annotations), {"keypoints": results}, set(redrawn))
    return {record["id"]: record for record in split["annotations"]}, counts


OLD = [11, 11, 2, 12, 12, 1, 13, 13, 2, 0, 0, 0, 15, 15, 1]
NEW = [21, 21, 0.9, 22, 22, 0.3, 23, 23, 0.29, 24, 24, 0.99, 25, 25, 0.8]


def test_a_pose_has_the_labelled_keypoints_that_are_found_and_keeps_its_box():
    person, stays = (annotation(key, 1, PERSON, (10, 10, 20, 20), keypoints=OLD, num_keypoints=4) for key in (1, 2))
    labels, counts = posed([person, stays], {1: NEW, 2: NEW})
    assert labels[1] == {
        "id": 1, "image_id": 1, "category_id": PERSON, "iscrowd": 0, "bbox": [10, 10, 20, 20], "area": 400,
        "keypoints": [21, 21, 2, 22, 22, 1, 0, 0, 0, 0, 0, 0, 25, 25, 1], "num_keypoints": 3,
    }  # fmt: skip
    assert labels[2] == stays
    assert counts == Counts(people=1, remade=1, ignored=0, keypoints=4, lost=1)


def test_a_pose_without_any_found_keypoint_is_ignored_and_one_without_labels_is_not_asked_for():
    person = annotation(1, 1, PERSON, (10, 10, 20, 20), keypoints=OLD, num_keypoints=4)
    nothing = annotation(2, 1, PERSON, (60, 10, 20, 20), keypoints=[0] * 3 * POINTS, num_keypoints=0)
    faint = [value if place % 3 < 2 else 0.2 for place, value in enumerate(NEW)]
    diverged = [value if place % 3 else float("nan") for place, value in enumerate(NEW)]
    for pose in (faint, diverged):
        labels, counts = posed([person, nothing], {1: pose}, redrawn=(1, 2))
        assert labels == {1: person | {"iscrowd": 1}, 2: nothing}
        assert counts == Counts(people=1, remade=0, ignored=1)
