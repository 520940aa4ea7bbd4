"""Cityscapes' metrics against cityscapesscripts as its authors use it, over files."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as official
from PIL import Image
from pycocotools import mask as rle

from anonbench.common.errors import UserError
from anonbench.evaluate.bootstrap import resample
from anonbench.evaluate.comparison import compare
from anonbench.evaluate.score import score
from tests.helpers.scored import drawn, resampled

# The classes with instances that cityscapesscripts scores, by its ids; caravan (29) has instances that it does not.
CLASSES = {24: "person", 25: "rider", 26: "car", 27: "truck", 28: "bus", 31: "train", 32: "motorcycle", 33: "bicycle"}
VOID = (0, 1, 4, 15, 29)  # some of the labels that are ignored; a group of caravans is one, a single caravan is not
HEIGHT, WIDTH = 60, 90


def encoded(mask):
    record = rle.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": record["size"], "counts": record["counts"].decode()}


def split(pictures):
    """The common form of (H, W) pictures of instance ids, by image id."""
    images, annotations = [], []
    for key, picture in pictures.items():
        void = encoded(np.isin(picture, VOID))
        images.append({"id": key, "file_name": f"{key}.png", "width": WIDTH, "height": HEIGHT, "void": void})
        for value in np.unique(picture).tolist():
            label = value // 1000 if value >= 1000 else value
            if label in CLASSES:
                mask = encoded(picture == value)
                annotations.append({
                    "id": 1 + len(annotations), "image_id": key, "category_id": label, "iscrowd": int(value < 1000),
                    "bbox": rle.toBbox(mask).tolist(), "area": float(rle.area(mask)), "segmentation": mask,
                })  # fmt: skip
    categories = [
        {"id": label, "name": name, "supercategory": "human" if label < 26 else "vehicle"}
        for label, name in CLASSES.items()
    ]
    info = {"dataset": "made", "split": "val", "protocol": "cityscapes"}
    return {"info": info, "images": images, "annotations": annotations, "categories": categories}


def found(key, label, mask, value):
    return {"image_id": key, "category_id": label, "score": value, "segmentation": encoded(mask)}


def random_data(rng, images):
    """Instances below and above 100 px, groups, void and unscored classes, at borders and wholly covered ones."""
    pictures, results = {}, []
    for key in rng.choice(10 * images, images, replace=False).tolist():
        picture = np.full((HEIGHT, WIDTH), 7, np.int32)
        drawn = []
        for number in range(rng.choice([0, 3, 8])):
            label = int(rng.choice([24, 24, 25, 26, 26, 26, 27, 29, 33]))
            y, x = rng.integers(-5, HEIGHT), rng.integers(-5, WIDTH)
            side = int(rng.choice([2, 9, 11, 14, 30]))
            mask = np.zeros((HEIGHT, WIDTH), bool)
            mask[max(y, 0) : max(y + side, 0), max(x, 0) : max(x + side, 0)] = True
            kind = rng.random()
            picture[mask] = rng.choice(VOID) if kind < 0.15 else label if kind < 0.3 else 1000 * label + number
            drawn.append((label, mask))
        pictures[key] = picture
        for label, mask in drawn:
            for _ in range(rng.integers(0, 3)):
                moved = np.roll(mask, rng.integers(-2, 3, 2), axis=(0, 1)) if rng.random() < 0.7 else mask
                if rng.random() < 0.5:
                    moved = moved & (picture != 7)
                guess = label if rng.random() < 0.9 and label != 29 else int(rng.choice(list(CLASSES)))
                results.append(found(key, guess, moved, draw_score(rng)))
        for _ in range(rng.choice([0, 0, 2])):
            results.append(
                found(key, int(rng.choice(list(CLASSES)[:5])), rng.random((HEIGHT, WIDTH)) < 0.1, draw_score(rng))
            )
    return pictures, results


def draw_score(rng):
    return float(rng.choice([np.round(rng.random(), 1), rng.random()]))


def reference(folder, pictures, results):
    """The official toolkit on files in its own layout: mean AP, AP50, and (AP, AP50) by class."""
    truth_files, list_files = [], []
    for key, picture in pictures.items():
        truth_files.append(str(folder / f"town_000000_{key:06d}_gtFine_instanceIds.png"))
        Image.fromarray(picture.astype(np.uint16)).save(truth_files[-1])
        lines = []
        for n, result in enumerate(r for r in results if r["image_id"] == key):
            name = f"{key}_{n}.png"
            Image.fromarray(rle.decode(result["segmentation"]) * 255).save(folder / name)
            lines.append(f"{name} {result['category_id']} {result['score']!r}\n")
        list_files.append(str(folder / f"town_000000_{key:06d}.txt"))
        (folder / list_files[-1]).write_text("".join(lines))
    options = SimpleNamespace(**vars(official.args))
    options.quiet, options.JSONOutput, options.predictionPath = True, False, str(folder)
    options.gtInstancesFile = str(folder / "gtInstances.json")
    before = os.getcwd()
    os.chdir(folder)  # it writes a file into the working directory
    try:
        averages = official.evaluateImgLists(list_files, truth_files, options)["averages"]
    finally:
        os.chdir(before)
    classes = {name: (float(v["ap"]), float(v["ap50%"])) for name, v in averages["classes"].items()}
    return float(averages["allAp"]), float(averages["allAp50%"]), classes


@pytest.fixture(scope="module")
def made():
    return random_data(np.random.default_rng(8), images=220)


def scores_of(truth, results):
    return score(truth, {"segmentation": results}, ["instance_segmentation"])["instance_segmentation"]


@pytest.fixture(scope="module")
def scored(made):
    return scores_of(split(made[0]), made[1])


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_equals_the_toolkit(made, scored, tmp_path):
    ap, ap50, classes = reference(tmp_path, *made)
    assert scored.metrics == pytest.approx({"AP": ap, "AP50": ap50}, abs=1e-9)
    assert 0.05 < ap < ap50 < 0.95
    for name, expected in classes.items():
        values = scored.categories[name].metrics
        stated = [np.nan if values[key] is None else values[key] for key in ("AP", "AP50")]
        assert stated == pytest.approx(list(expected), abs=1e-9, nan_ok=True), name
    assert scored.categories["bus"].metrics["AP"] is None  # never annotated, sometimes detected
    assert scored.categories["car"].supercategory == "vehicle"


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
def test_a_resample_equals_the_toolkit_on_copies_of_the_images(made, tmp_path):
    pictures, results = made
    truth = split(pictures)
    ids = sorted(pictures)
    indices = np.sort(np.random.default_rng(2).integers(0, len(ids), 50))
    again = [r | {"image_id": n} for n, i in enumerate(indices) for r in results if r["image_id"] == ids[i]]
    ap, ap50, classes = reference(tmp_path, {n: pictures[ids[i]] for n, i in enumerate(indices)}, again)
    found = resample(compare(truth, {"segmentation": results}, "instance_segmentation"), drawn(len(ids), indices, []))
    assert {name: values[0] for name, values in found.metrics.items()} == pytest.approx(
        {"AP": ap, "AP50": ap50}, abs=1e-9
    )
    of_classes = {name: found.categories[name]["AP"][0] for name in classes}
    assert of_classes == pytest.approx({name: of[0] for name, of in classes.items()}, abs=1e-9, nan_ok=True)
    assert np.isnan([found.metrics["AP"][1], found.metrics["AP50"][1]]).all()


def test_the_split_itself_as_a_resample(made, scored):
    (found,) = resampled(split(made[0]), {"segmentation": made[1]}, "instance_segmentation", range(220))
    assert found == pytest.approx(scored.metrics, abs=1e-12)


def rectangle(y, x, height, width):
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y : y + height, x : x + width] = True
    return mask


def metrics(picture, *results):
    return scores_of(split({1: picture}), list(results)).metrics


def picture_of(**places):
    picture = np.full((HEIGHT, WIDTH), 7, np.int32)
    for name, mask in places.items():
        picture[mask] = int(name[1:])
    return picture


def test_an_iou_has_to_be_exceeded():
    picture = picture_of(_26001=rectangle(0, 0, 20, 20))
    half = found(1, 26, rectangle(0, 0, 20, 10), 0.9)
    assert metrics(picture, half) == {"AP": 0, "AP50": 0}
    more = found(1, 26, rectangle(0, 0, 20, 13), 0.9)  # IoU 0.65: above three of ten thresholds
    assert metrics(picture, more) == pytest.approx({"AP": 0.3, "AP50": 1})


@pytest.mark.parametrize("place", ["_26", "_0", "_26002"])
def test_a_detection_of_a_group_of_void_or_of_a_small_instance_is_forgiven(place):
    small = rectangle(40, 40, 9, 11)  # 99 px
    picture = picture_of(_26001=rectangle(0, 0, 20, 20), **{place: small})
    hit, on_it = found(1, 26, rectangle(0, 0, 20, 20), 0.5), found(1, 26, small, 0.9)
    assert metrics(picture, hit, on_it) == {"AP": 1, "AP50": 1}
    assert metrics(picture, hit, found(1, 26, rectangle(30, 0, 9, 11), 0.9))["AP50"] == pytest.approx(
        0.25
    )  # precision 0 and 1/2 at recall 0 and 1, integrated as the official convolution does


def test_instances_below_100_px_and_groups_do_not_count():
    big, small = rectangle(0, 0, 10, 10), rectangle(40, 40, 9, 11)
    scored = scores_of(split({1: picture_of(_26001=big, _26002=small, _26=rectangle(20, 20, 12, 12))}), [])
    assert scored.instances == scored.categories["car"].instances == 1


def test_every_detection_forgiven_and_no_instance_found():
    picture = picture_of(_26001=rectangle(0, 0, 20, 20), _0=rectangle(40, 40, 10, 10))
    on_void = found(1, 26, rectangle(40, 40, 10, 10), 0.9)
    assert metrics(picture, on_void) == {"AP": 0, "AP50": 0}
    (again,) = resampled(split({1: picture}), {"segmentation": [on_void]}, "instance_segmentation", [0, 0])
    assert again == {"AP": 0, "AP50": 0}


def test_an_image_without_void_is_an_error():
    truth = split({1: picture_of(_26001=rectangle(0, 0, 20, 20))})
    del truth["images"][0]["void"]
    with pytest.raises(UserError, match="made.*void"):
        scores_of(truth, [])


def test_boxes_are_scored_as_cocos():
    truth = split({1: picture_of(_26001=rectangle(0, 0, 20, 20))})
    boxes = [{"image_id": 1, "category_id": 26, "score": 0.5, "bbox": [0, 0, 20, 20]}]
    assert score(truth, {"bbox": boxes}, ["detection"])["detection"].metrics["AP75"] == pytest.approx(1)
