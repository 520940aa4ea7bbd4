"""What becomes of a user's annotations: ids, boxes, areas, crowds, people without a place, masks elsewhere."""

import logging
import math

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from anonbench.common.errors import UserError
from anonbench.common.rle import encode_polygons
from anonbench.datasets import annotations
from anonbench.datasets.attributes import attributes_of
from anonbench.datasets.tables.coco_categories import COCO_SIGMAS
from tests.helpers.own_coco import BOX, HEIGHT, OUTLINE, PEOPLE, WIDTH, Own, listed, person, photo

JOINTS = PEOPLE | {"keypoints": list(COCO_SIGMAS)}
BAG = {"id": 2, "name": "bag"}
NO_BOX = (..., None, [0, 0, 0, 0], [60, 20, 40, 0], [60, 20, -4, 90], [60, 20, math.nan, 90], ["60", "20", "40", "90"],
          [60, 20], [200, 20, 40, 90], [-50, 20, 40, 90])  # fmt: skip


def keypoints(labelled=range(17), left=70.0, top=30.0):
    """Joints 2 px apart across and 4 px down from (left, top), those of some places labelled."""
    return [
        v for place in range(17) for v in ((left + 2 * place, top + 4 * place, 2) if place in labelled else (0,) * 3)
    ]


def rle(mask: np.ndarray) -> dict:
    counts = coco_mask.encode(np.asfortranarray(mask, np.uint8))["counts"].decode()
    return {"size": list(mask.shape), "counts": counts}


def only(content):
    (record,) = content["annotations"]
    return record


@pytest.mark.parametrize("box", NO_BOX)
def test_a_box_is_taken_from_the_mask(tmp_path, box):
    content = Own(tmp_path, [person(1, bbox=box), person(2)]).convert()
    assert content["annotations"][0]["bbox"] == BOX and "bbox_source" not in content["annotations"][0]
    assert content["info"]["boxes_taken_from_masks"] == 1
    assert "unlocated" not in content["images"][0]


@pytest.mark.parametrize("box", NO_BOX)
def test_without_a_mask_it_is_taken_from_the_keypoints_and_grown(tmp_path, box):
    # The joints reach from (70, 30) to (102, 94): a tenth of 64 px all round.
    record = person(1, bbox=box, segmentation=[], area=..., keypoints=keypoints())
    content = Own(tmp_path, [record, person(2)], categories=[JOINTS]).convert()
    found = content["annotations"][0]
    assert found["bbox"] == pytest.approx([63.6, 23.6, 44.8, 76.8]) and found["bbox_source"] == "estimated"
    assert found["area"] == pytest.approx(44.8 * 76.8)
    assert content["info"]["boxes_taken_from_keypoints"] == 1


@pytest.mark.parametrize(
    ("labelled", "located"),
    [
        (range(17), True),
        (range(9), True),
        (range(8), False),
        ([0, 1, 2, 3, 4, 5], False),
        (range(5, 17), True),
        ([], False),
    ],
)
def test_few_joints_do_not_locate_a_body(tmp_path, labelled, located):
    records = [person(1), person(1, bbox=None, segmentation=None, keypoints=keypoints(labelled))]
    content = Own(tmp_path, records, categories=[JOINTS]).convert()
    assert len(content["annotations"]) == 1 + located
    assert content["images"][0].get("unlocated", 0) == (not located)


def test_a_faces_landmarks_do_not_locate_a_body(tmp_path):
    names = [f"Face {number}" for number in range(5)]
    records = [
        person(1),
        person(1, bbox=None, segmentation=None, keypoints=[70, 30, 2, 75, 35, 2, 80, 40, 2, 85, 45, 2, 90, 50, 2]),
    ]
    own = Own(tmp_path, records, categories=[PEOPLE | {"keypoints": names}])
    assert own.convert(sigmas=[0.1] * 5)["images"][0]["unlocated"] == 1


@pytest.mark.parametrize("box", [*NO_BOX, [80, 60, 1, 1], [80.5, 60.5, 0.4, 0.9]])
def test_people_without_a_place_are_noted_with_their_image(tmp_path, box, caplog):
    annotations = [person(1), person(1, bbox=box, segmentation=[]), person(2), person(1, bbox=box, segmentation=None)]
    with caplog.at_level(logging.INFO):
        content = Own(tmp_path, annotations).convert()
    assert [image.get("unlocated") for image in content["images"]] == [2, None]
    assert [annotation["bbox"] for annotation in content["annotations"]] == [BOX, BOX]
    assert content["info"]["people_not_located"] == 2
    assert [r.levelname for r in caplog.records if "own/train: people not located: 2" in r.message] == ["WARNING"]


def test_a_split_of_nobody_who_can_be_located_stops(tmp_path):
    with pytest.raises(UserError, match="no usable annotation: 3 people have no box"):
        Own(tmp_path, [person(1, bbox=[5, 5, 0, 0], segmentation=[])] * 3).convert()


@pytest.mark.parametrize(
    ("box", "counted"),
    [
        (..., "annotations_left_out_without_box"),
        ([0, 0, 0, 0], "annotations_left_out_without_box"),
        ([200, 20, 40, 90], "annotations_left_out_outside_the_image"),
        ([5, 20, 4, math.inf], "annotations_left_out_without_box"),
    ],
)
def test_things_without_a_place_are_left_out_and_counted(tmp_path, box, counted):
    thing = person(1, category_id=2, bbox=box, segmentation=[])
    content = Own(tmp_path, [person(1), thing], categories=[PEOPLE, BAG]).convert()
    assert len(content["annotations"]) == 1 and content["info"][counted] == 1
    assert "unlocated" not in content["images"][0]


def test_a_thing_of_one_px_stays(tmp_path):
    thing = person(1, category_id=2, bbox=[80, 60, 1, 1], segmentation=[])
    assert len(Own(tmp_path, [person(1), thing], categories=[PEOPLE, BAG]).convert()["annotations"]) == 2


@pytest.mark.parametrize(
    ("polygons", "counted"),
    [
        ([[80, 60, 80, 60]], "polygons_left_out_too_short"),
        ([[80.65, 60.33] * 4], "polygons_left_out_without_area"),
        ([[80, 60, 90, 60, 80, 60]], "polygons_left_out_without_area"),
        ([[10.1, 10.1, 20.2, 20.2, 30.3, 30.3, 15.7, 15.7]], "polygons_left_out_without_area"),
        ([[200, 20, 240, 20, 240, 110]], "polygons_left_out_outside_the_image"),
        ({"size": [HEIGHT, WIDTH], "counts": [HEIGHT * WIDTH]}, "masks_left_out_empty"),
        ({"size": [HEIGHT, WIDTH], "counts": []}, "masks_left_out_empty"),
    ],
)
def test_what_encloses_nothing_is_no_mask(tmp_path, polygons, counted):
    own = Own(tmp_path, [person(1, segmentation=polygons), person(2)])
    content = own.convert()
    assert "segmentation" not in content["annotations"][0] and content["annotations"][0]["bbox"] == BOX
    assert content["info"][counted] == 1


def test_a_polygon_that_crosses_itself_is_a_mask(tmp_path):
    bow = [[60, 20, 100, 110, 100, 20, 60, 110]]
    found = only(Own(tmp_path, [person(1, segmentation=bow)]).convert())
    assert found["segmentation"] == bow and "doubtful" not in found


def test_far_vertices_are_drawn_near_the_image(tmp_path, monkeypatch):
    """pycocotools would allocate in proportion to them."""
    drawn = []
    monkeypatch.setattr(annotations, "encode_polygons", lambda *args: drawn.append(args[0]) or encode_polygons(*args))
    far = [[60, 20, 1e7, 20, 1e7, 110, 60, 110]]
    others = [person(1)] * 3
    content = Own(tmp_path, [person(1, bbox=None, segmentation=far), *others]).convert(checked=True)
    assert content["annotations"][0]["bbox"] == [60, 20, 100, 90] and content["annotations"][0]["segmentation"] == far
    assert drawn and max(abs(value) for polygons in drawn for polygon in polygons for value in polygon) <= 4 * WIDTH


@pytest.mark.parametrize("area", [..., 0, None, math.nan, math.inf, -5, "3600", True])
def test_an_area_is_taken_from_the_mask_else_the_box(tmp_path, area):
    half = [[60, 20, 100, 20, 100, 65, 60, 65]]
    content = Own(tmp_path, [person(1, area=area, segmentation=half), person(1, area=area, segmentation=[])]).convert()
    assert [annotation["area"] for annotation in content["annotations"]] == [1800, 3600]
    assert content["info"]["areas_taken_from_masks_or_boxes"] == 2


def test_an_annotated_area_is_kept(tmp_path):
    content = Own(tmp_path, [person(1, area=12.5)]).convert()
    assert only(content)["area"] == 12.5 and "areas_taken_from_masks_or_boxes" not in content["info"]


def test_boxes_that_reach_past_an_edge_are_kept_and_counted(tmp_path):
    boxes = [BOX, [120, 20, 60, 90], [-9, 20, 60, 90], [60, -9, 40, 90], [60, 50, 40, 90], [2, 2, 158, 120]]
    content = Own(tmp_path, [person(1, bbox=box, segmentation=[]) for box in boxes]).convert()
    assert [annotation["bbox"] for annotation in content["annotations"]] == boxes
    assert content["info"]["boxes_reaching_past_the_image"] == 4


# Ids


@pytest.mark.parametrize(
    ("own", "given"),
    [
        ([0, 1, 2], [3, 1, 2]),
        ([..., ..., ...], [1, 2, 3]),
        ([None, 1, ...], [2, 1, 3]),
        ([5, None, 0], [5, 1, 2]),
        ([0, ..., 1], [2, 3, 1]),
        ([0, 0, 1], [2, 3, 1]),
    ],
)
def test_missing_ids_are_those_that_the_file_does_not_have(tmp_path, own, given):
    content = Own(tmp_path, [person(1, id=number) for number in own]).convert()
    assert [annotation["id"] for annotation in content["annotations"]] == given
    assert content["info"].get("annotation_ids_of_zero_replaced", 0) == own.count(0)


def test_images_and_categories_from_zero(tmp_path):
    records = [listed(0, "a.png"), listed(1, "b.png")]
    images = {"a.png": photo(), "b.png": photo()}
    annotations = [person(number, category_id=0, id=number) for number in (0, 1)]
    content = Own(tmp_path, annotations, images, records, [{"id": 0, "name": "person"}]).convert()
    assert [a["image_id"] for a in content["annotations"]] == [0, 1] == [i["id"] for i in content["images"]]
    assert {a["category_id"] for a in content["annotations"]} == {0} and content["categories"][0]["id"] == 0


def test_an_id_twice_is_named(tmp_path):
    images = {"a.png": photo(), "b.png": photo()}
    with pytest.raises(UserError, match=r"labels.json has the id 7 twice in `images`: of 'a.png' and of 'b.png'"):
        Own(tmp_path, [person(7)], images, [listed(7, "a.png"), listed(7, "b.png")]).convert()
    with pytest.raises(UserError, match=r"has the id 1 twice in `categories`: of 'person' and of 'bag'"):
        Own(tmp_path, [person(1)], categories=[PEOPLE, BAG | {"id": 1}]).convert()
    with pytest.raises(UserError, match=r"annotation ids that occur twice: 4, 9\."):
        Own(tmp_path, [person(1, id=number) for number in (9, 4, 9, 4, 5)]).convert()


# Crowds


@pytest.mark.parametrize(
    ("mark", "crowd"),
    [("0", 0), ("1", 1), ("true", 1), ("False", 0), (True, 1), (False, 0), (None, 0), (1.0, 1), (..., 0), (" 1 ", 1)],
)
def test_a_crowds_mark_may_be_text(tmp_path, mark, crowd):
    content = Own(tmp_path, [person(1, segmentation=[]), person(1, iscrowd=mark, segmentation=[])]).convert()
    assert [annotation["iscrowd"] for annotation in content["annotations"]] == [0, crowd]


@pytest.mark.parametrize("mark", ["yes", 2, -1, [], 0.5, math.nan])
def test_any_other_mark_is_an_error(tmp_path, mark):
    with pytest.raises(UserError, match=r"annotation 3 has an `iscrowd` of .*Write 0 or 1"):
        Own(tmp_path, [person(1, id=3, iscrowd=mark)]).convert()


def test_crowds_alone_stop_and_are_single_people_if_the_user_says_so(tmp_path):
    own = Own(tmp_path, [person(1, iscrowd=1), person(2, iscrowd="1")])
    for keys in ({}, {"crowds": "ignore"}):
        with pytest.raises(UserError, match=r"all 2 annotations are marked `iscrowd: 1`.*CVAT.*`crowds` to `learn`"):
            own.convert(**keys)
    content = own.convert(crowds="learn")
    assert [annotation["iscrowd"] for annotation in content["annotations"]] == [0, 0]
    assert content["info"]["crowds_read_as_single_instances"] == 2


def test_masks_of_crowds_alone_stop_unless_the_user_says_that_they_are_crowds(tmp_path):
    own = Own(tmp_path, [person(1, iscrowd=1), person(2, segmentation=[])])
    with pytest.raises(UserError, match=r"all 1 masks are marked.*`learn`.*or to `ignore`"):
        own.convert()
    assert [a["iscrowd"] for a in own.convert(crowds="ignore")["annotations"]] == [1, 0]
    assert [a["iscrowd"] for a in own.convert(crowds="learn")["annotations"]] == [0, 0]


def test_a_crowd_among_single_people_is_one(tmp_path):
    own = Own(tmp_path, [person(1, iscrowd=1), person(2)])
    assert [annotation["iscrowd"] for annotation in own.convert()["annotations"]] == [1, 0]


# Masks elsewhere than their box

ELSEWHERE = [[5, 70, 35, 70, 35, 110, 5, 110]]
HEAD = [[75, 22, 85, 22, 85, 32, 75, 32]]


def corner(share):
    """The part of the box from its upper left corner that has this share of each side, as a polygon."""
    right, bottom = 60 + 40 * share, 20 + 90 * share
    return [[60, 20, right, 20, right, bottom, 60, bottom]]


def mask_of(polygon) -> dict:
    (x1, y1), (x2, y2) = polygon[0][:2], polygon[0][4:6]
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    return rle(mask)


@pytest.mark.parametrize(
    ("segmentation", "doubtful"),
    [
        (ELSEWHERE, True),
        (HEAD, True),
        (mask_of(ELSEWHERE), True),
        (mask_of(HEAD), True),
        (mask_of(OUTLINE), False),
        (corner(0.45), True),
        (corner(0.55), False),
        ([[20, 0, 150, 0, 150, 119, 20, 119]], True),
        ([[60, 20, 62, 20, 100, 110, 98, 110]], False),
        ([[60, 20, 60.2, 20, 60, 20.2], [100, 110, 99.8, 110, 100, 109.8]], True),
    ],
)
def test_a_mask_and_a_box_that_contradict_each_other_are_doubtful(tmp_path, segmentation, doubtful, caplog):
    others = [person(1)] * 3
    with caplog.at_level(logging.INFO):
        content = Own(tmp_path, [*others, person(1, segmentation=segmentation)]).convert()
    assert [annotation.get("doubtful", False) for annotation in content["annotations"]] == [False] * 3 + [doubtful]
    assert content["annotations"][3]["bbox"] == BOX and "segmentation" in content["annotations"][3]
    assert content["info"].get("people_whose_box_and_mask_contradict_each_other", 0) == doubtful
    warned = "contradict each other: 1" in caplog.text and "WARNING" in caplog.text
    assert warned == doubtful


def test_a_mask_without_a_box_is_not_doubtful(tmp_path):
    specks = [[60, 20, 61, 20, 60, 21], [100, 110, 99, 110, 100, 109]]
    content = Own(tmp_path, [person(1, bbox=None, segmentation=specks)]).convert()
    assert "doubtful" not in only(content) and content["info"]["boxes_taken_from_masks"] == 1


def test_a_thing_is_never_doubtful(tmp_path):
    thing = person(1, category_id=2, segmentation=ELSEWHERE)
    content = Own(tmp_path, [person(1), thing], categories=[PEOPLE, BAG]).convert()
    assert "doubtful" not in content["annotations"][1]


@pytest.mark.parametrize("elsewhere", [ELSEWHERE, mask_of(ELSEWHERE)])
@pytest.mark.parametrize(("right", "wrong", "stops"), [(0, 2, False), (0, 3, True), (9, 3, True), (10, 3, False)])
def test_many_masks_elsewhere_stop_the_conversion(tmp_path, right, wrong, stops, elsewhere):
    own = Own(tmp_path, [*[person(1)] * right, *[person(1, segmentation=elsewhere)] * wrong])
    if stops:
        words = f"of {right + wrong} people with a box and mask, {wrong} have their mask elsewhere"
        with pytest.raises(UserError, match=words):
            own.convert()
    content = own.convert(checked=stops)
    assert content["info"]["people_whose_box_and_mask_contradict_each_other"] == wrong


def test_keypoints_elsewhere_stop_the_conversion(tmp_path):
    records = [person(1, bbox=[5, 5, 30, 20], segmentation=[], keypoints=keypoints())] * 3
    with pytest.raises(UserError, match="3 have their keypoints elsewhere than the box"):
        Own(tmp_path, records, categories=[JOINTS]).convert()


# What nobody needs


def test_attributes_are_kept_without_what_json_cannot_write(tmp_path):
    attributes = {"speed": math.nan, "far": [math.inf, 2], "note": "caf\udce9", "ok": True}
    record = person(1, attributes=attributes, score=math.nan, keypoints=[math.nan, math.nan, 0] + keypoints()[3:])
    found = only(Own(tmp_path, [record], categories=[JOINTS]).convert())
    assert found["attributes"] == {"speed": None, "far": [None, 2], "note": "caf\\udce9", "ok": True}
    assert "score" not in found and found["keypoints"][:3] == [0, 0, 0] and found["num_keypoints"] == 16


# Groups


@pytest.mark.parametrize(
    ("said", "group"),
    [({}, ...), ({"group": "shop 3"}, "shop 3"), ({"video_id": 0}, 0), ({"video_id": 4, "group": "b"}, "b"),
     ({"group": None, "video_id": None}, ...)],
)  # fmt: skip
def test_images_of_one_group_are_said_to_be(tmp_path, said, group):
    content = Own(tmp_path, [person(1)], records=[listed(1, "1.png", **said)]).convert()
    assert content["images"][0].get("group", ...) == group


@pytest.mark.parametrize("said", [{"group": 1.5}, {"video_id": ["a"]}, {"group": True}])
def test_a_group_that_cannot_be_compared_is_an_error(tmp_path, said):
    with pytest.raises(UserError, match=rf"labels\.json: the `{next(iter(said))}` of the image '1\.png'"):
        Own(tmp_path, [person(1)], records=[listed(1, "1.png", **said)]).convert()


@pytest.mark.parametrize(("value", "kept"), [(0, 0), (7, 7), (3.0, 3), (None, None), (math.nan, None), (..., None)])
@pytest.mark.parametrize("key", ["identity", "outfit"])
def test_who_somebody_is_survives(tmp_path, key, value, kept):
    found = only(Own(tmp_path, [person(1, **{key: value})]).convert())
    assert found.get(key) == kept and type(found.get(key, 0)) is int


@pytest.mark.parametrize("value", [-1, 2.5, True, "7", [7], {}, math.inf, 2**53, 10**400])
@pytest.mark.parametrize("key", ["identity", "outfit"])
def test_what_is_no_number_of_anybody_stops(tmp_path, key, value):
    with pytest.raises(UserError, match=rf"labels\.json: an annotation .* has the `{key}` .*whole number from 0"):
        Own(tmp_path, [person(1, **{key: value})]).convert()


def test_attributes_that_name_a_class(tmp_path):
    given = {"glasses": "round", "bag": True, "child": False, "note": "x" * 101, "long" * 30: "a", "blur": 2, "at": "",
             "deep": ["a"], "none": None}  # fmt: skip
    found = only(Own(tmp_path, [person(1, attributes=given)]).convert())
    assert found["attributes"] == given
    assert attributes_of(found) == {"glasses": "round", "bag": "true", "child": "false"}
    assert attributes_of({"attributes": ["round"]}) == attributes_of({}) == {}
    assert len(attributes_of({"attributes": {f"a{n}": "x" for n in range(60)}})) == 50
