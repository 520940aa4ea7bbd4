"""The regions file of a split: sources, counts, and when the face detector runs."""

import json

import cv2
import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.common.validation import validated
from anonbench.config.regions import RegionsConfig
from anonbench.detect.detector import Detections
from anonbench.regions import build
from anonbench.regions.build import build_regions
from anonbench.regions.files import RegionCounts, decode_region
from anonbench.regions.footprint import footprint
from anonbench.regions.landmarks import GUESSED, LANDMARKS

CONFIG = RegionsConfig.model_validate({"face": {"grow": 0, "unannotated": "leave"}})
SEARCH = RegionsConfig.model_validate({"face": {"grow": 0}})
CATEGORIES = [
    {"id": 3, "name": "car", "supercategory": "thing", "is_person": False},
    {"id": 8, "name": "person", "supercategory": "person", "is_person": True, "keypoints": ["head_top", "neck"]},
]


@pytest.fixture
def split(tmp_path):
    """Write a split of 100 x 80 px images with these people; returns build_regions' first two arguments."""

    def write(*people_per_image):
        images, annotations = [], []
        for index, people in enumerate(people_per_image):
            name = f"part {index}/photo.png"
            (tmp_path / name).parent.mkdir()
            cv2.imwrite(str(tmp_path / name), np.zeros((80, 100, 3), np.uint8))
            image = {"id": index * 10, "file_name": name, "width": 100, "height": 80}
            images.append({**image, "sha256": sha256_file(tmp_path / name)})
            for person in people:
                key = len(annotations) * 5 + 2
                annotations.append({"id": key, "image_id": index * 10, "category_id": 8, "iscrowd": 0, **person})
        info = {"dataset": "own", "split": "train"}
        document = {"info": info, "images": images, "annotations": annotations, "categories": CATEGORIES}
        (tmp_path / "train.json").write_text(json.dumps(document))
        return tmp_path / "train.json", tmp_path

    return write


def edit(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.fixture
def detector(monkeypatch):
    """Replace the face detector by one that finds these boxes; returns the list of the images it saw."""
    seen = []

    def install(*boxes):
        def detect(image):
            seen.append(image.shape)
            found = np.array([[*box, 1][:5] for box in boxes], float).reshape(-1, 5)
            return Detections(found[:, :4], found[:, 4])

        monkeypatch.setattr(build, "face_detector", lambda config: detect)
        return seen

    return install


def test_bodies(split):
    outline = [[10, 10, 30, 10, 30, 60, 10, 60]]
    car = {"category_id": 3, "bbox": [0, 0, 9, 9]}
    keypoints = {"bbox": [40, 10, 0, 20], "bbox_source": "keypoints", "keypoints": [40, 10, 2, 40, 30, 2]}
    people = [{"bbox": [9, 9, 22, 52], "segmentation": outline}, car, keypoints]
    found = build_regions(*split(people, []), "body", CONFIG)
    assert (found.dataset, found.split, found.region) == ("own", "train", "body")
    assert found.keypoint_names == ["head_top", "neck"]
    assert [image.file_name for image in found.images] == ["part 0/photo.png", "part 1/photo.png"]
    first, second = found.images[0].regions
    assert (first.annotation_id, first.source, first.box) == (2, "annotated", (10, 10, 20, 50))
    assert decode_region(first).mask.sum() == 20 * 50
    assert second.source == "keypoints" and second.keypoints == [40, 10, 2, 40, 30, 2]
    assert found.counts == RegionCounts(people=2, regions=2, annotated=1, keypoints=1)


def test_annotated_faces_need_no_detector(split, monkeypatch):
    monkeypatch.setattr(build, "face_detector", None)  # using it would fail
    people = [
        {"bbox": [0, 0, 20, 60], "face_box": [5, 5, 8, 8], "face_valid": True},
        {"bbox": [30, 0, 20, 60], "face_box": [0, 0, 0, 0], "face_valid": False},
        {"bbox": [60, 0, 20, 60], "face_box": [70, 5, 8, 8]},
        {"bbox": [60, 0, 20, 60], "keypoints": [70, 5, 2, 70, 15, 2]},
    ]
    found = build_regions(*split(people, []), "face", CONFIG)
    boxes = [region.box for region in found.images[0].regions]
    assert boxes[:2] == [(5, 5, 8, 8), (70, 5, 8, 8)]
    assert found.counts == RegionCounts(people=4, regions=3, annotated=2, keypoints=1, no_visible_face=1)


def test_faces_have_landmarks_and_bodies_the_persons_keypoints(split):
    annotations, images = split(
        [{"bbox": [40, 0, 20, 60], "face_box": [40, 20, 20, 40], "keypoints": [50, 5, 2, 50, 30, 2]}]
    )
    face, body = (build_regions(annotations, images, region, CONFIG) for region in ("face", "body"))
    assert (face.keypoint_names, body.keypoint_names) == (list(LANDMARKS), ["head_top", "neck"])
    assert body.images[0].regions[0].keypoints == [50, 5, 2, 50, 30, 2]
    nothing_is_found = face.images[0].regions[0].keypoints
    assert nothing_is_found[6:9] == pytest.approx([50, 20 + 0.565 * 40, GUESSED])


LOST = {"body": {"bbox": [3, 3, 0, 0]}, "face": {"bbox": [3, 3, 9, 9], "face_box": [1, 2, float("nan"), 4]}}


@pytest.mark.parametrize("region", ["face", "body"])
def test_whoever_cannot_be_located_makes_all_of_the_image_a_region(split, region):
    seen = {"bbox": [0, 0, 20, 60], "face_box": [5, 5, 8, 8]}
    annotations, images = split([seen], [seen, LOST[region]], [seen])
    edit(annotations, lambda content: content["images"][2].update(unlocated=2))
    found = build_regions(annotations, images, region, CONFIG)
    assert [[one.source for one in image.regions] for image in found.images] == [
        ["annotated"], ["annotated", "unlocated"], ["annotated", "unlocated", "unlocated"],
    ]  # fmt: skip
    lost = decode_region(found.images[1].regions[1])
    assert footprint(lost, (80, 100), lambda side: 0).mask.all()
    counts = RegionCounts(people=3, not_located=3, images_hidden=2, regions=6, annotated=3, unlocated=3)
    assert found.counts == counts
    json.dumps(found.model_dump(mode="json"), allow_nan=False)


@pytest.mark.parametrize("region", ["face", "body"])
def test_the_configuration_may_ask_to_stop_instead(split, region):
    stop = CONFIG.model_copy(update={"unlocated": "stop"})
    annotations, images = split([LOST[region]], [])
    with pytest.raises(UserError, match=r"1 people of whom nothing says where.* in 1 images, .*part 0/photo.png"):
        build_regions(annotations, images, region, stop)
    edit(annotations, lambda content: content["annotations"].clear())
    assert not build_regions(annotations, images, region, stop).counts.regions


def test_keypoints_without_a_face_are_told(split, caplog):
    annotations, images = split([{"bbox": [0, 0, 20, 60], "face_valid": False}])
    build_regions(annotations, images, "face", CONFIG)
    assert not caplog.messages
    edit(annotations, lambda content: content["categories"][1].update(keypoints=["hip_l", "tail"]))
    build_regions(annotations, images, "face", CONFIG)
    assert "none of its keypoints is on a face (hip_l, tail)" in caplog.text


def test_detector_runs_only_on_images_with_an_unknown_face(split, detector):
    seen = detector([62, 2, 70, 10], [6, 6, 12, 12], [90, 60, 98, 68])
    known = {"bbox": [0, 0, 20, 60], "face_box": [5, 5, 8, 8]}
    unknown = {"bbox": [55, 0, 20, 60]}
    lost = {"bbox": [30, 0, 20, 60]}
    found = build_regions(*split([known], [known, unknown, lost], []), "face", CONFIG)
    assert seen == [(80, 100, 3)]
    regions = found.images[1].regions
    owners = [(region.annotation_id, region.source) for region in regions]
    assert owners == [(7, "annotated"), (12, "detected")]
    assert regions[1].box == (62, 2, 8, 8)
    assert found.no_face_found == [17]
    assert found.counts == RegionCounts(
        people=4, regions=3, annotated=2, detected=1, no_face_found=1, unannotated_left=1
    )


def test_detector_runs_everywhere_where_nothing_is_annotated(split, detector):
    seen = detector([62, 2, 70, 10])
    found = build_regions(*split([{"bbox": [55, 0, 20, 60]}], []), "face", SEARCH)
    assert len(seen) == 2
    assert [len(image.regions) for image in found.images] == [1, 1]
    assert found.counts.unannotated == 1


def test_a_found_face_grows_by_a_share_of_its_longer_side(split, detector):
    detector([60, 10, 70, 30], [5, 5, 25, 9])
    config = RegionsConfig.model_validate({"face": {"grow": 0.25}})
    annotated = {"bbox": [0, 0, 20, 60], "face_box": [30, 5, 8, 8]}
    found = build_regions(*split([{"bbox": [55, 0, 20, 60]}, annotated]), "face", config)
    boxes = [region.box for region in found.images[0].regions]
    assert boxes == [(30, 5, 8, 8), (55, 5, 20, 30), (0, 0, 30, 14)]


def test_a_certain_face_beside_the_annotated_ones_is_hidden(split, detector):
    seen = detector([5, 5, 13, 13, 0.9], [40, 5, 50, 15, 0.6], [70, 5, 80, 15, 0.2])
    annotated = {"bbox": [0, 0, 20, 60], "face_box": [5, 5, 8, 8]}
    found = build_regions(*split([annotated], []), "face", SEARCH)
    assert len(seen) == 2
    assert [[region.box for region in image.regions] for image in found.images] == [
        [(5, 5, 8, 8), (40, 5, 10, 10)], [(5, 5, 8, 8), (40, 5, 10, 10)],
    ]  # fmt: skip
    assert found.counts == RegionCounts(people=1, regions=4, annotated=1, detected=3, unannotated=3)


def test_faces_of_strangers_may_be_left_and_are_counted(split, detector):
    detector([62, 2, 70, 10], [20, 20, 30, 30])
    found = build_regions(*split([{"bbox": [55, 0, 20, 60]}]), "face", CONFIG)
    assert [region.box for region in found.images[0].regions] == [(62, 2, 8, 8)]
    assert found.counts == RegionCounts(people=1, regions=1, detected=1, unannotated_left=1)


def test_nobody_is_searched_where_everybody_is_annotated(split, detector):
    seen = detector([40, 5, 50, 15])
    annotations, images = split([{"bbox": [0, 0, 20, 60], "face_box": [5, 5, 8, 8]}])
    edit(annotations, lambda content: content["info"].update(complete=True))
    assert build_regions(annotations, images, "face", SEARCH).counts.detected == 0 and not seen


def test_an_image_that_is_not_the_annotated_one_is_named(split, detector):
    detector()
    annotations, images = split([{"bbox": [55, 0, 20, 60]}])
    cv2.imwrite(str(images / "part 0/photo.png"), np.ones((80, 100, 3), np.uint8))
    with pytest.raises(UserError, match="part 0/photo.png is not the one that was annotated"):
        build_regions(annotations, images, "face", CONFIG)


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"hand": {}}, "regions.hand"),
        ({"face": {"min_face_size": 3}}, "regions.face.min_face_size"),
        ({"face": {"detector": "retina"}}, "regions.face.detector"),
        ({"face": {"threshold": 1.5}}, "regions.face.threshold"),
        ({"body": {"limb_widht": 1}}, "Did you mean 'limb_width'"),
    ],
)
def test_configuration_mistakes_are_named(section, named):
    with pytest.raises(UserError, match=named):
        validated(RegionsConfig, section, "regions")


def test_the_configuration_is_used(split):
    person = {"keypoints": [40, 10, 2, 40, 30, 2]}
    thin, thick = (
        build_regions(*split_, "body", RegionsConfig.model_validate({"body": {"limb_width": width}}))
        for split_ in [split([person])]
        for width in (0.05, 0.5)
    )
    areas = [decode_region(found.images[0].regions[0]).mask.sum() for found in (thin, thick)]
    assert areas[1] > 1.5 * areas[0] > 0


def test_bodies_of_a_dataset_of_faces_are_refused(split):
    annotations, images = split([])
    document = json.loads(annotations.read_text())
    document["categories"][1]["is_face"] = True
    annotations.write_text(json.dumps(document))
    with pytest.raises(UserError, match="annotates faces only"):
        build_regions(annotations, images, "body", CONFIG)
