"""Metrics against pycocotools as its authors use it, PCK, and mistakes in data and results."""

import contextlib
import copy
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from anonbench.common.errors import UserError
from anonbench.common.root import ROOT
from anonbench.config.cells import Cell
from anonbench.evaluate.cell import CategoryScores, read_cell, write_cell
from anonbench.evaluate.score import score, score_cell
from tests.helpers.scored import CATEGORIES, POINTS, annotation, dataset, random_data

ALL = ["detection", "instance_segmentation", "pose"]
TASKS = {"detection": ("bbox", "bbox"), "instance_segmentation": ("segm", "segmentation")}
NAMES = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100"]


def reference(truth, results, iou_type, key, category=None):
    """pycocotools by the book: ``loadRes`` on results without foreign keys, ids from 1."""
    truth = copy.deepcopy(truth)
    if iou_type == "keypoints":
        truth["annotations"] = [a for a in truth["annotations"] if a["category_id"] == category["id"]]
        truth["categories"] = [category]
        results = [r for r in results if r["category_id"] == category["id"]]
    for record in truth["annotations"]:
        record["id"] += 1
        record.setdefault("keypoints", [0] * (3 * len(POINTS)))
        record.setdefault("num_keypoints", 0)
    keys = ("image_id", "category_id", "score", key)
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes([{k: r[k] for k in keys} for r in copy.deepcopy(results)]), iou_type)
        if category is not None:
            run.params.kpt_oks_sigmas = np.array(category["sigmas"])
        run.evaluate()
        run.accumulate()
        run.summarize()
    return run


@pytest.fixture(scope="module")
def made():
    return random_data(np.random.default_rng(5), images=200)


@pytest.fixture(scope="module")
def scores(made):
    return score(*made, ALL)


@pytest.mark.parametrize("task", TASKS)
def test_boxes_and_masks_equal_pycocotools(made, scores, task):
    truth, results = made
    run = reference(truth, results[TASKS[task][1]], *TASKS[task])
    metrics = scores[task].metrics
    assert list(metrics) == NAMES
    assert [metrics[name] for name in NAMES] == pytest.approx(run.stats[:9].tolist(), abs=1e-12)
    for k, category in enumerate(CATEGORIES[:3]):
        single = run.eval["precision"][:, :, k, 0, -1]
        stated = scores[task].categories[category["name"]].metrics
        assert [stated[key] for key in ("AP", "AP50", "AP75")] == pytest.approx(
            [single.mean(), single[0].mean(), single[5].mean()], abs=1e-12
        )
    assert 0.05 < metrics["AP"] < 0.95


def test_pose_equals_pycocotools_with_each_categorys_sigmas(made, scores):
    truth, results = made
    runs = [reference(truth, results["keypoints"], "keypoints", "keypoints", category) for category in CATEGORIES[:2]]
    metrics = scores["pose"].metrics
    assert list(metrics) == ["AP", "AP50", "AP75", "AP_medium", "AP_large", "AR", "PCK"]
    stats = np.array([run.stats[:6] for run in runs])
    assert (stats > 0).all()
    expected = stats.mean(axis=0)
    assert [metrics[name] for name in list(metrics)[:6]] == pytest.approx(expected.tolist(), abs=1e-12)
    assert list(scores["pose"].categories) == ["person", "dog"]
    assert scores["pose"].categories["dog"].metrics["AP"] == pytest.approx(runs[1].stats[0], abs=1e-12)
    assert runs[0].stats[0] != pytest.approx(runs[1].stats[0], abs=0.01)


def test_a_person_without_visible_keypoints_is_counted_by_num_keypoints_as_in_pycocotools():
    hidden = annotation(1, 1, 2, (40, 40, 40, 60), keypoints=[0] * 15, num_keypoints=5)
    bare = annotation(2, 1, 2, (100, 100, 40, 40))
    near = [{"image_id": 1, "category_id": 2, "score": 0.5, "keypoints": [60, 70, 2] * 5}]
    for people, ap in (([hidden], 1), ([hidden | {"num_keypoints": 0}], None), ([hidden, bare], 1), ([bare], None)):
        truth = dataset(people)
        scored = score(truth, {"keypoints": near}, ["pose"])["pose"]
        run = reference(truth, near, "keypoints", "keypoints", CATEGORIES[0])
        assert run.stats[0] == pytest.approx(-1 if ap is None else ap)
        assert scored.metrics["AP"] == (None if ap is None else pytest.approx(ap))
        assert scored.instances == (ap is not None)
    assert score(dataset([hidden]), {"keypoints": []}, ["pose"])["pose"].metrics["AP"] == 0
    assert score(dataset([bare | {"num_keypoints": 5}]), {"keypoints": near}, ["pose"])["pose"].instances == 0


def test_instances_are_counted_without_crowds_and_unlabelled_people(made, scores):
    truth, _ = made
    plain = [a for a in truth["annotations"] if not a["iscrowd"]]
    assert scores["detection"].instances == len(plain)
    assert scores["detection"].categories["car"].instances == sum(a["category_id"] == 9 for a in plain)
    with_points = [a for a in plain if a["category_id"] != 9 and a.get("num_keypoints")]
    assert scores["pose"].instances == len(with_points) < len([a for a in plain if a["category_id"] != 9])


def test_people_and_all_others_are_means_over_their_categories(made, scores):
    found = scores["detection"]
    who = found.strata["who"]
    assert list(who) == ["people", "others"] and who["people"].metrics == found.categories["person"].metrics
    dog, car = (found.categories[name].metrics["AP50"] for name in ("dog", "car"))  # no ghost defines one
    assert who["others"].metrics["AP50"] == pytest.approx((dog + car) / 2) and dog != pytest.approx(car)
    assert who["others"].instances == found.instances - found.categories["person"].instances
    assert "who" not in score(dataset([], categories=CATEGORIES[:1]), {"bbox": []}, ["detection"])["detection"].strata


def test_an_absent_category_is_undefined(scores):
    undefined = {"AP": None, "AP50": None, "AP75": None}
    assert scores["detection"].categories["ghost"] == CategoryScores(instances=0, metrics=undefined)


def test_the_cell_survives_its_file_to_the_bit(made, scores, tmp_path):
    record = score_cell(Cell("made", "rcnn", "body-blur-low", 3, "original"), *made, ALL)
    write_cell(tmp_path / "cell.json", record)
    assert read_cell(tmp_path / "cell.json") == record
    found = json.loads((tmp_path / "cell.json").read_text())
    assert {key: found[key] for key in list(found)[:6]} == {
        "dataset": "made", "model": "rcnn", "variant": "body-blur-low", "seed": 3, "evaluated_on": "original",
        "images": 200,
    }  # fmt: skip
    assert record.tasks == scores
    assert found["tasks"]["detection"]["metrics"] == scores["detection"].metrics


@pytest.mark.parametrize(("key", "value"), [("tasks", []), ("images", None), ("seed", "first")])
def test_a_file_that_is_not_a_cells_is_refused(made, tmp_path, key, value):
    write_cell(tmp_path / "cell.json", score_cell(Cell("made", "rcnn", "original", 0, "original"), *made, ["pose"]))
    broken = json.loads((tmp_path / "cell.json").read_text()) | {key: value}
    (tmp_path / "cell.json").write_text(json.dumps(broken))
    with pytest.raises(UserError, match=f"cell.json is not a cell.*{key}"):
        read_cell(tmp_path / "cell.json")


def test_inputs_stay_as_they_are(made):
    before = copy.deepcopy(made)
    score(*made, ALL)
    assert made == before


def test_nothing_is_printed(made, capsys):
    score(*made, ["detection"])
    assert capsys.readouterr().out == ""


def test_no_results_score_zero_and_no_annotations_score_nothing():
    truth = dataset([annotation(0, 1, 2, (10, 10, 50, 50))])
    empty = score(truth, {"bbox": [], "segmentation": [], "keypoints": []}, ALL)
    assert empty["detection"].metrics["AP"] == empty["instance_segmentation"].metrics["AR100"] == 0
    assert empty["detection"].metrics["AP_small"] is None
    assert empty["pose"].instances == 0 and set(empty["pose"].metrics.values()) == {None}
    found = [{"image_id": 1, "category_id": 2, "bbox": [1, 1, 9, 9], "score": 0.5}]
    nothing = score(dataset([]), {"bbox": found, "segmentation": []}, ALL[:2])
    assert {*nothing["detection"].metrics.values(), *nothing["instance_segmentation"].metrics.values()} == {None}


def test_an_annotation_with_id_zero_can_be_matched():
    truth = dataset([annotation(0, 1, 2, (10, 10, 50, 50))])
    found = [{"image_id": 1, "category_id": 2, "bbox": [10, 10, 50, 50], "score": 0.5}]
    assert score(truth, {"bbox": found}, ["detection"])["detection"].metrics["AP"] == pytest.approx(1)


def test_instances_without_mask_are_ignored_where_others_have_one():
    masked, bare = annotation(1, 1, 2, (10, 10, 40, 40)), annotation(2, 1, 2, (100, 100, 40, 40), segmentation=None)
    truth = dataset([masked, bare])
    mask = np.zeros((160, 160), np.uint8, order="F")
    results = []
    for x, value in ((10, 0.5), (100, 0.9)):
        mask[:] = 0
        mask[x : x + 40, x : x + 40] = 1
        results.append({"image_id": 1, "category_id": 2, "score": value, "segmentation": _encode(mask)})
    scored = score(truth, {"segmentation": results}, ["instance_segmentation"])["instance_segmentation"]
    assert scored.instances == 1 and scored.metrics["AP"] == pytest.approx(1)


def test_crowds_are_neither_missed_nor_make_detections_wrong():
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40)), annotation(2, 1, 2, (90, 90, 50, 50), iscrowd=1)])
    boxes = [([10, 10, 40, 40], 0.5), ([95, 95, 20, 20], 0.9), ([110, 110, 20, 20], 0.8)]
    found = [{"image_id": 1, "category_id": 2, "bbox": box, "score": value} for box, value in boxes]
    scored = score(truth, {"bbox": found}, ["detection"])["detection"]
    assert scored.instances == 1 and scored.metrics["AP"] == pytest.approx(1)


def _encode(mask):
    from pycocotools import mask as rle

    return rle.encode(mask)


@pytest.mark.parametrize(
    ("task", "change", "named"),
    [
        ("instance_segmentation", lambda d: [a.pop("segmentation") for a in d["annotations"]], "made.*no masks"),
        ("pose", lambda d: [c.pop("keypoints", None) for c in d["categories"]], "made.*keypoints"),
        ("pose", lambda d: d["categories"][1].pop("sigmas"), "made.*sigma.*dog"),
        ("pose", lambda d: d["categories"][1]["sigmas"].pop(), "made.*sigma.*dog"),
        ("detection", lambda d: d.update(categories=[], annotations=[]), "made.*category"),
        ("detecton", lambda d: None, "no task 'detecton'. Did you mean 'detection'"),
    ],
)
def test_what_the_data_lack_is_named(task, change, named):
    truth = dataset([annotation(1, 1, 2, (10, 10, 40, 40))])
    change(truth)
    with pytest.raises(UserError, match=named):
        score(truth, {"bbox": [], "segmentation": [], "keypoints": []}, [task])


def test_a_task_that_the_model_does_not_serve_is_named():
    with pytest.raises(UserError, match="'pose' is scored by results with `keypoints`, which the model does not give"):
        score(dataset([]), {"bbox": [], "segmentation": []}, ["detection", "pose"])


@pytest.mark.parametrize("broken", [{"score": float("nan")}, {"bbox": [0, 0, float("inf"), 1]}])
def test_diverged_results_are_an_error(broken):
    result = {"image_id": 1, "category_id": 2, "bbox": [1, 1, 9, 9], "score": 0.5} | broken
    with pytest.raises(UserError, match="diverged"):
        score(dataset([]), {"bbox": [result]}, ["detection"])


@pytest.mark.parametrize("foreign", [{"image_id": 4}, {"category_id": 1}])
def test_results_of_other_data_are_an_error(foreign):
    result = {"image_id": 1, "category_id": 2, "bbox": [1, 1, 9, 9], "score": 0.5} | foreign
    with pytest.raises(ValueError, match="not known"):
        score(dataset([]), {"bbox": [result]}, ["detection"])


def test_a_pose_with_another_number_of_keypoints_is_an_error():
    result = {"image_id": 1, "category_id": 2, "keypoints": [1.0] * 12, "score": 0.5}
    with pytest.raises(ValueError, match="12 numbers for the category person"):
        score(dataset([]), {"keypoints": [result]}, ["pose"])


def test_an_unknown_protocol_is_an_error():
    truth = dataset([])
    truth["info"]["protocol"] = "voc"
    with pytest.raises(ValueError, match="no protocol 'voc', only cityscapes, coco, crowdpose, wider_face"):
        score(truth, {"bbox": []}, ["detection"])


def test_scoring_imports_no_torch():
    program = """
import sys
from anonbench.evaluate.choice import scoring_modules
from anonbench.evaluate.score import score
from anonbench.models.predictions import read_predictions
heavy = {"torch", "mmengine", "pandas", "scipy", "matplotlib"}
scoring_modules(["detection", "instance_segmentation", "pose"])
assert not {"pycocotools", "cityscapesscripts"} & set(sys.modules)
truth = {"images": [], "annotations": [], "categories": [{"id": 1, "name": "person"}]}
score(truth, {"bbox": []}, ["detection"])
assert "pycocotools" in sys.modules and not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT)


def pose_of(points, key, value=0.5):
    flat = np.column_stack([points, np.full(len(points), 2)]).ravel().tolist()
    return {"image_id": 1, "category_id": 2, "score": value, "keypoints": flat, "annotation_id": key}


def person(key, points, visibility=2, **more):
    flat = np.column_stack([points, np.broadcast_to(visibility, len(points))]).ravel().tolist()
    return annotation(key, 1, 2, (10, 10, 100, 140), keypoints=flat, **more)


def pck(truth, *results):
    return score(truth, {"keypoints": list(results)}, ["pose"])["pose"].metrics["PCK"]


# Left shoulder to right hip: 50 px, so 10 px are within 0.2 torso diameters; right shoulder to left hip: 50 px as well.
BODY = np.array([(60, 20), (30, 20), (60, 60), (30, 60), (45, 5)], float)


def test_pck_counts_labelled_keypoints_within_a_fifth_of_the_torso():
    visibility = [2, 1, 2, 2, 0]
    moved = BODY + [[0, 0], [9.9, 0], [0, 10.1], [6, 8], [500, 0]]
    truth = dataset([person(4, BODY, visibility)])
    better, worse = pose_of(moved, 4, 0.9), pose_of(moved + 100, 4, 0.1)
    assert pck(truth, worse, better) == pytest.approx(3 / 4)


def test_pck_of_each_joint_takes_left_and_right_together():
    moved = BODY + [[0, 0], [500, 0], [0, 0], [0, 0], [500, 0]]
    truth = dataset([person(4, BODY, [2, 2, 2, 2, 2]), person(5, BODY, [2, 2, 0, 2, 0])])
    found = score(truth, {"keypoints": [pose_of(moved, 4), pose_of(BODY, 5)]}, ["pose"])["pose"]
    joints = {name: (stratum.instances, stratum.metrics["PCK"]) for name, stratum in found.strata["joint"].items()}
    assert joints == {"shoulder": (4, 0.75), "hip": (3, 1), "nose": (1, 0)}
    assert found.metrics["PCK"] == pytest.approx(6 / 8)


def test_pck_of_people_missed_left_out_or_measured_by_the_other_diagonal():
    truth = [person(1, BODY), person(2, BODY, iscrowd=1), person(3, BODY, [0, 0, 2, 2, 2]), person(5, BODY)]
    assert pck(dataset(truth), pose_of(BODY, 5)) == pytest.approx(1 / 2)
    other = dataset([person(1, BODY, [0, 2, 2, 2, 2])])
    assert pck(other, pose_of(BODY + [9.9, 0], 1)) == 1


def test_pck_by_the_box_where_the_category_has_no_torso():
    beast = [{"id": 2, "name": "dog", "is_person": False, "keypoints": ["nose", "tail"], "sigmas": [0.1, 0.1]}]
    truth = dataset([person(1, BODY[:2])], categories=beast)  # box 100 x 140: 28 px are within 0.2
    moved = BODY[:2] + [[27, 0], [29, 0]]
    assert pck(truth, pose_of(moved, 1)) == pytest.approx(1 / 2)


def test_pck_is_undefined_where_results_do_not_name_the_person():
    anonymous = pose_of(BODY, 1)
    del anonymous["annotation_id"]
    assert pck(dataset([person(1, BODY)]), anonymous) is None
