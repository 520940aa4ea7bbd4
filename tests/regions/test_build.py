"""The regions file of a split: sources, counts, and when the face detector runs."""

import json
import sys
import types
import zipfile

import cv2
import numpy as np
import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.common.validation import validated
from anonbench.config.regions import RegionsConfig
from anonbench.regions.build import build_regions
from anonbench.regions.files import RegionCounts, decode_region
from anonbench.regions.footprint import footprint
from tests.helpers.cuda import CUDA

CONFIG = RegionsConfig()
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
        class Detector:
            def __init__(self, min_face_size, device):
                assert (min_face_size, device) == (16, "cpu")

            def __call__(self, image):
                seen.append(image.shape)
                return np.array(boxes, float).reshape(-1, 4), np.ones(len(boxes))

        monkeypatch.setitem(sys.modules, "anonbench.regions.detect", types.SimpleNamespace(FaceDetector=Detector))
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
    monkeypatch.setitem(sys.modules, "anonbench.regions.detect", None)  # importing it would fail
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
    stop = RegionsConfig(unlocated="stop")
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
    assert owners == [(7, "annotated"), (12, "detected"), (None, "detected")]
    assert regions[1].box == (62, 2, 8, 8)
    assert found.no_face_found == [17]
    assert found.counts == RegionCounts(people=4, regions=4, annotated=2, detected=2, no_face_found=1, unannotated=1)


def test_detector_runs_everywhere_where_nothing_is_annotated(split, detector):
    seen = detector([62, 2, 70, 10])
    found = build_regions(*split([{"bbox": [55, 0, 20, 60]}], []), "face", CONFIG)
    assert len(seen) == 2
    assert [len(image.regions) for image in found.images] == [1, 1]
    assert found.counts.unannotated == 1


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


@pytest.mark.photographs
@pytest.mark.parametrize("device", ["cpu", CUDA])
def test_mtcnn_on_photographs(shared_data, device):
    import torch

    from anonbench.regions.detect import FaceDetector

    torch.set_num_threads(1)
    detect = FaceDetector(min_face_size=16, device=device)
    with zipfile.ZipFile(shared_data / "PennFudanPed.zip") as archive:
        data = archive.read("PennFudanPed/PNGImages/FudanPed00001.png")
    photo = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    boxes, scores = detect(photo)
    # Two people walk; the annotated boxes are (160, 182) - (302, 431) and (420, 171) - (535, 486).
    left, right = boxes[np.argsort(boxes[:, 0])]
    assert 200 < left[0] < left[2] < 260 and 182 < left[1] < left[3] < 240
    assert 420 < right[0] < right[2] < 480 and 171 < right[1] < right[3] < 240
    assert scores[0] >= scores[1] > 0.9

    rng = np.random.default_rng(0)
    for height, width in ((4, 300), (16, 16), (1, 1), (60, 90)):
        boxes, scores = detect(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        assert boxes.shape == (len(scores), 4)
