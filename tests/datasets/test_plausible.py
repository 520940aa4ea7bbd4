"""Coordinates that are not px of the images stop a conversion; those of real datasets do not."""

import json

import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.datasets.plausible import Places, check_plausible
from tests.helpers.own_coco import HEIGHT, OUTLINE, PEOPLE, WIDTH, Own, person

W, H = 640, 480


def people(count: int = 30, size: tuple[int, int] = (W, H), seed: int = 0) -> np.ndarray:
    """(N, 4) boxes of people anywhere within images of a size."""
    rng = np.random.default_rng(seed)
    extent = rng.uniform(0.05, 0.5, (count, 2)) * size
    return np.concatenate([rng.uniform(0, 1, (count, 2)) * (size - extent), extent], axis=1)


def check(boxes: np.ndarray, size: tuple[int, int] = (W, H), kind: str = "boxes") -> None:
    check_plausible(Places(kind, np.asarray(boxes, float), np.tile(np.array(size, float), (len(boxes), 1))), "a.json")


def fails(boxes: np.ndarray, *words: str, size: tuple[int, int] = (W, H), kind: str = "boxes") -> None:
    with pytest.raises(UserError) as caught:
        check(boxes, size, kind)
    assert all(word in str(caught.value) for word in ("a.json", "`checked`", *words)), caught.value


FRACTION = np.array([1 / W, 1 / H] * 2)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [1, 3, 30])
def test_people_anywhere_are_plausible(seed, count):
    check(people(count, seed=seed))


def test_one_or_two_people_in_the_upper_left_corner_are_plausible():
    check([[10, 10, 60, 80]] * 7, (320, 240))


@pytest.mark.parametrize("kind", ["boxes", "masks", "keypoints"])
@pytest.mark.parametrize("count", [1, 3, 30])
def test_fractions(kind, count):
    fails(people(count) * FRACTION, f"{count} of {count} {kind} lie within 0..1", "fractions", "Multiply", kind=kind)


def test_one_stray_box_does_not_hide_that_the_others_are_fractions():
    fails(np.concatenate([people(19) * FRACTION, [[10, 10, 50, 50]]]), "19 of 20", "fractions")
    check(np.concatenate([people(17) * FRACTION, people(3)]))


def test_tiny_things_in_tiny_images_are_no_fractions():
    check([[0, 0, 1, 1]] * 3, (8, 8))
    check([[5, 7, 1, 1], [0, 0, 1, 1], [9, 3, 2, 2]], (12, 12))


@pytest.mark.parametrize("count", [1, 3, 30])
def test_per_cent(count):
    fails(people(count) * FRACTION * 100, f"{count} of {count}", "0..100", "about 640 x 480", "per cent")


def test_small_images_are_no_per_cent():
    check(people(30, (110, 90)), (110, 90))


@pytest.mark.parametrize("count", [3, 30, 300])
def test_two_corners(count):
    boxes = people(count)
    corners = np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
    past = int((boxes[:, :2] + corners[:, 2:] > 1.02 * np.array([W, H])).any(axis=1).sum())
    fails(corners, f"{past} of {count}", "[x1, y1, x2, y2]")


def test_large_people_near_the_corner_are_no_two_corners():
    check([[20, 10, 500, 440], [5, 3, 600, 470], [30, 20, 610, 450]])


@pytest.mark.parametrize("factor", [1.25, 1.5, 2, 4, 10])
@pytest.mark.parametrize("seed", range(5))
def test_a_larger_resolution(factor, seed):
    boxes = people(100, seed=seed)
    reached = float(np.percentile(((boxes[:, :2] + boxes[:, 2:]) * factor / [W, H]).max(axis=1), 98))
    fails(boxes * factor, "another resolution", f"at least {reached:.1f} times")
    assert factor * 0.9 < reached <= factor


def test_the_same_people_at_a_larger_resolution():
    fails([[240, 80, 160, 360]] * 3, "3 of 3", "at least 3.7 times", size=(160, 120))


def test_large_people_at_a_larger_resolution():
    fails([[75, 25, 80, 120], [60, 20, 70, 125], [90, 30, 68, 110]], "3 of 3", "1.2 times", size=(160, 120))


def test_some_past_the_edge_and_one_of_them_outside():
    past = [[600, 400, 200, 200], [500, 400, 200, 200], [700, 100, 50, 80]]
    fails(np.concatenate([people(7), past]), "3 of 10", "another resolution")
    check(np.concatenate([people(7), past[:2], past[:1]]))


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_a_smaller_resolution(factor):
    fails(people(30) / factor, "30 of 30", "smaller resolution")


def test_few_people_in_the_upper_left_quarter_are_plausible():
    check(people(7) / 2, (W, H))
    check(people(30) / 2, (W, H), "keypoints")  # of heads alone


def test_boxes_of_whole_people_reach_past_the_edges():
    rng = np.random.default_rng(1)
    boxes = people(100)
    cut = rng.random(100) < 0.3
    boxes[cut, 3] = 1.2 * H - boxes[cut, 1]
    for place in (-30, W - 30):
        boxes[rng.random(100) < 0.1, 0] = place
    past = (boxes[:, :2] + boxes[:, 2:] > 1.02 * np.array([W, H])).any(axis=1).mean()
    assert 0.3 < past < 0.5
    check(boxes)


@pytest.mark.parametrize("place", [[2000, 10, 50, 80], [-90, 10, 50, 80], [10, 481, 50, 80], [600, 400, 100, 200]])
def test_strays_are_plausible(place):
    check(np.concatenate([people(4), [place] * 2]))
    check(np.concatenate([people(97), [place] * 3]))


def test_boxes_of_other_images():
    others = people(30) - [2 * W, 0, 0, 0]
    fails(np.concatenate([others, people(20)]), "30 of 50", "wholly outside")
    fails([[-200, 5, 50, 200]], "1 of 1", "wholly outside")


@pytest.mark.parametrize("kind", ["bbox", "segmentation", "keypoints"])
def test_a_file_of_fractions_stops_before_an_image_is_written(tmp_path, kind):
    fractions = {
        "bbox": [60 / WIDTH, 20 / HEIGHT, 40 / WIDTH, 90 / HEIGHT],
        "segmentation": [[v / (WIDTH, HEIGHT)[i % 2] for i, v in enumerate(OUTLINE[0])]],
        "keypoints": [0.5, 0.5, 2, 0.4, 0.3, 1],
    }
    categories = [PEOPLE | {"keypoints": ["nose", "neck"]}]
    annotations = [person(image, keypoints=[70, 60, 2, 80, 30, 1]) | {kind: fractions[kind]} for image in (1, 2, 3)]
    own = Own(tmp_path, annotations, categories=categories)
    named = {"bbox": "boxes", "segmentation": "masks"}.get(kind, kind)
    with pytest.raises(UserError, match=f"labels.json: 3 of 3 {named} lie within 0..1"):
        own.convert(sigmas=[0.1, 0.1])
    assert not (tmp_path / "out").exists()


def test_who_has_looked_at_the_boxes_can_say_so(tmp_path):
    own = Own(tmp_path, [person(image, bbox=[240, 80, 160, 360], segmentation=[]) for image in (1, 2, 3)] + [person(3)])
    with pytest.raises(UserError, match="another resolution"):
        own.convert()
    content = own.convert(checked=True)
    assert content["info"]["people_not_located"] == 3 and [i.get("unlocated") for i in content["images"]] == [1, 1, 1]


def test_images_without_a_declared_size_are_measured(tmp_path):
    own = Own(tmp_path, [person(image, bbox=[240, 80, 160, 360], segmentation=[]) for image in (1, 2, 3)])
    content = json.loads(own.labels.read_text())
    for image in content["images"]:
        del image["width"]
    own.labels.write_text(json.dumps(content))
    with pytest.raises(UserError, match="another resolution"):
        own.convert()


def test_images_that_were_resized_are_told_as_such(tmp_path):
    own = Own(tmp_path, [person(image, bbox=[240, 80, 160, 360], segmentation=[]) for image in (1, 2, 3)])
    content = json.loads(own.labels.read_text())
    for image in content["images"]:
        image |= {"width": 640, "height": 480}
    own.labels.write_text(json.dumps(content))
    with pytest.raises(
        UserError, match=r"3 images of .*\n- .*1.png is 160 x 120 px, but its annotations say 640 x 480"
    ):
        own.convert()
