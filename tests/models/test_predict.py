"""Predictions: original coordinates, the split's own category ids, every image and person."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from anonbench.common.errors import UserError
from anonbench.common.files import read_json, write_json
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.predict import predict
from anonbench.models.predictions import read_predictions, write_predictions
from anonbench.models.train import train
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.toysplit import DOG, PERSON, write_split

MODELS = Path(__file__).resolve().parents[2] / "config" / "models"
CPU = RuntimeConfig(device="cpu")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def split(tmp_path_factory) -> tuple[Path, VariantFiles]:
    return write_split(tmp_path_factory.mktemp("split"), images=9)


def trained(split, folder: Path, base: str, epochs: int, task: str) -> Path:
    model = folder / "model.py"
    model.write_text(f"_base_ = {str(MODELS / base)!r}\ntrain_cfg = dict(max_epochs={epochs})\n")
    train(
        Training(
            model=ModelConfig(config=str(model), tasks=[task]),
            annotations=split[0],
            images=split[1],
            out_dir=folder,
            seed=0,
            runtime=CPU,
        )
    )
    return folder


@pytest.fixture(scope="module")
def detector(split, tmp_path_factory) -> Path:
    return trained(split, tmp_path_factory.mktemp("detector"), "mask-rcnn_mobilenetv2_toy.py", 12, "detection")


@pytest.fixture(scope="module")
def pose(split, tmp_path_factory) -> Path:
    return trained(split, tmp_path_factory.mktemp("pose"), "td-hm_mobilenetv2_toy.py", 25, "pose")


def iou(a: list[float], b: list[float]) -> float:
    return float(coco_mask.iou([a], [b], [0])[0, 0])


def test_detections_are_in_original_coordinates_and_category_ids(split, detector):
    results = predict(detector, *split, CPU)
    assert set(results) == {"bbox", "segmentation"}
    content = read_json(split[0])
    sizes = {image["id"]: [image["height"], image["width"]] for image in content["images"]}
    people = [a for a in content["annotations"] if a["category_id"] == PERSON and not a["iscrowd"]]
    for person in people:
        here = [r for r in results["bbox"] if (r["image_id"], r["category_id"]) == (person["image_id"], PERSON)]
        best = max(here, key=lambda r: r["score"])
        assert iou(best["bbox"], person["bbox"]) > 0.6
    assert {r["category_id"] for r in results["bbox"]} <= {DOG, PERSON}

    boxes, masks = results["bbox"], results["segmentation"]
    assert len(boxes) == len(masks)
    for box, mask in zip(boxes, masks, strict=True):
        assert {key: mask[key] for key in ("image_id", "category_id", "score")}.items() <= box.items()
        assert mask["segmentation"]["size"] == sizes[mask["image_id"]]
        assert isinstance(mask["segmentation"]["counts"], str)


def test_poses_are_in_original_coordinates(split, pose):
    results = predict(pose, *split, CPU, batch_size=3)
    assert set(results) == {"keypoints"}
    people = {a["id"]: a for a in read_json(split[0])["annotations"] if a.get("num_keypoints")}
    assert sorted(r["annotation_id"] for r in results["keypoints"]) == sorted(people)
    for result in results["keypoints"]:
        person = people[result["annotation_id"]]
        assert (result["image_id"], result["category_id"]) == (person["image_id"], PERSON)
        found, true = np.reshape(result["keypoints"], (5, 3)), np.reshape(person["keypoints"], (5, 3))
        assert np.linalg.norm(found[0, :2] - true[0, :2]) < 12  # the head, of a person 48 px tall
        assert result["score"] == pytest.approx(found[:, 2].mean())


def test_the_batch_size_does_not_change_poses(split, pose):
    one, many = (predict(pose, *split, CPU, batch_size=size)["keypoints"] for size in (1, 8))
    for a, b in zip(one, many, strict=True):
        np.testing.assert_allclose(a["keypoints"], b["keypoints"], atol=1e-3)


@pytest.mark.parametrize("kind", ["detector", "pose"])
def test_predictions_survive_their_file(split, kind, request, tmp_path):
    results = predict(request.getfixturevalue(kind), *split, CPU)
    write_predictions(tmp_path / "p.json.gz", results)
    assert read_predictions(tmp_path / "p.json.gz") == results


def test_other_categories_or_keypoints_than_the_trained_ones(split, detector, pose, tmp_path):
    content = read_json(split[0])
    content["categories"][0]["name"] = "cat"
    write_json(tmp_path / "cat.json", content)
    with pytest.raises(UserError, match="differ in: cat, dog."):
        predict(detector, tmp_path / "cat.json", split[1], CPU)
    content["categories"][1]["keypoints"][0] = "nose"
    write_json(tmp_path / "nose.json", content)
    with pytest.raises(UserError, match="nose"):
        predict(pose, tmp_path / "nose.json", split[1], CPU)


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        (
            "config.py",
            lambda data: data[: len(data) // 2],
            "config.py is damaged: it is not the config that .* Delete both",
        ),
        (
            "config.py",
            lambda data: data + b"# more\n",
            "config.py is damaged: it is not the config that .* Delete both",
        ),
        ("config.py", None, "config.py is damaged"),
        ("checkpoint.safetensors", lambda data: data[:-99] + bytes(99), "safetensors is damaged .* Delete it and run"),
        ("checkpoint.safetensors", None, "checkpoint.safetensors does not exist. Run the workflow again"),
    ],
)
def test_damaged_files_of_a_run_are_named(split, pose, tmp_path, name, spoil, words):
    shutil.copytree(pose, tmp_path / "run")
    path = tmp_path / "run" / name
    if spoil is None:
        path.unlink()
    else:
        path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(UserError, match=words):
        predict(tmp_path / "run", *split, CPU)


def test_a_missing_image_is_named(pose, tmp_path):
    split = write_split(tmp_path / "split", images=4)
    (split[1].originals / "sub folder" / "im 2.png").unlink()
    with pytest.raises(UserError, match="im 2.png.*Delete its split's"):
        predict(pose, *split, CPU)
