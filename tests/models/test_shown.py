"""What a training is shown of a split, of which a method leaves out images or labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mmengine.registry import DATASETS, DefaultScope

from anonbench.common.errors import UserError
from anonbench.common.files import read_json, write_json
from anonbench.common.records import write_record
from anonbench.common.root import ROOT
from anonbench.config.regions import RegionsConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.models.openmmlab import runner
from anonbench.models.predict import predict
from anonbench.models.shown import shown_split
from anonbench.models.train import train
from anonbench.regions.build import build_regions
from anonbench.variants.entry import Dropped, Entry
from anonbench.variants.manifest import Manifest, counted
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.toysplit import DOG, write_split
from tests.helpers.trainings import training_of
from tests.helpers.variants import Making, recipe

MODELS = ROOT / "config" / "models"
DETECTOR, POSE = MODELS / "mask-rcnn_mobilenetv2_toy.py", MODELS / "td-hm_mobilenetv2_toy.py"

SPLIT = {
    "info": {},
    "images": [{"id": number, "file_name": name} for number, name in ((4, "a"), (2, "b"), (9, "c"))],
    "annotations": [
        {"id": 1, "image_id": 4, "bbox": [0, 0, 1, 1], "iscrowd": 0},
        {"id": 2, "image_id": 2, "bbox": [0, 0, 2, 2], "iscrowd": 0, "keypoints": [1, 1, 2]},
        {"id": 3, "image_id": 2, "bbox": [0, 0, 3, 3], "iscrowd": 1, "keypoints": [1, 1, 2]},
        {"id": 4, "image_id": 9, "bbox": [0, 0, 4, 4], "iscrowd": 0},
    ],
    "categories": [],
}


def variant(**dropped: Dropped) -> Manifest:
    entries = [Entry(file_name=name, sha256="0", dropped=dropped.get(name)) for name in ("a", "b", "c")]
    return Manifest(dataset="d", split="train", variant="body-x-all", images=entries, counts=counted(entries))


def test_a_variant_that_leaves_out_nothing_shows_the_split_itself() -> None:
    assert shown_split(SPLIT, variant(), ["detection"]) is SPLIT


def test_what_is_left_out_is_gone_with_its_labels_and_the_rest_stays() -> None:
    shown = shown_split(SPLIT, variant(a=Dropped(image=True), b=Dropped(labels=[2])), ["detection"])
    assert [image["id"] for image in shown["images"]] == [2, 9]
    assert [one["id"] for one in shown["annotations"]] == [3, 4]
    assert [one["id"] for one in SPLIT["annotations"]] == [1, 2, 3, 4]


def test_a_split_of_which_nothing_is_left_stops() -> None:
    with pytest.raises(UserError, match="body-x-all of d train leaves out each of its 3 images"):
        shown_split(SPLIT, variant(**dict.fromkeys("abc", Dropped(image=True))), ["detection"])


@pytest.mark.parametrize("dropped", [Dropped(labels=[2]), Dropped(image=True)])
def test_a_task_without_a_label_that_is_no_crowds_stops(dropped: Dropped) -> None:
    shown_split(SPLIT, variant(b=dropped), ["detection"])
    with pytest.raises(UserError, match="body-x-all of d train leaves no label that the task 'pose' could learn from"):
        shown_split(SPLIT, variant(b=dropped), ["detection", "pose"])


def made(folder: Path, method: str, **config: Any) -> tuple[Path, VariantFiles]:
    """A variant of a split of four images with a person and a dog in each but the last."""
    annotations, files = write_split(folder)
    regions = folder / "regions.json"
    write_record(regions, build_regions(annotations, files.originals, "body", RegionsConfig()))
    making = Making(files.originals, files.manifest, regions, folder / "out")
    making.make(recipe(method, **config))
    return annotations, VariantFiles(manifest=making.manifest, originals=files.originals)


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The samples of every training, as its data loader has them."""
    seen, real = [], runner.run

    def spy(config: Any, *rest: Any) -> Any:
        with DefaultScope.overwrite_default_scope(config.default_scope):
            dataset = DATASETS.build(config.train_dataloader.dataset)
            seen.extend(dataset[index] and dataset.get_data_info(index) for index in range(len(dataset)))
        return real(config, *rest)

    monkeypatch.setattr(runner, "run", spy)
    return seen


def test_a_detector_learns_from_nobody_whose_label_is_removed(tmp_path: Path, learned: list[dict[str, Any]]) -> None:
    annotations, files = made(tmp_path, "drop_labels", grow=0.0)
    out = tmp_path / "model"
    train(training_of(DETECTOR, "detection", (annotations, files), out))
    assert [len(one["instances"]) for one in learned] == [1, 1, 1, 0]
    dog = [category["id"] for category in read_json(annotations)["categories"]].index(DOG)
    assert {instance["bbox_label"] for one in learned for instance in one["instances"]} == {dog}
    assert sorted(path.name for path in out.iterdir()) == ["checkpoint.safetensors", "config.py", "scalars.json"]
    text = (out / "config.py").read_text()
    assert str(annotations) in text and str(out / "work") not in text  # which is gone
    with pytest.raises(UserError, match="body-any-medium of toy train leaves out images or labels, for training only"):
        predict(out, annotations, files, RuntimeConfig(device="cpu"))


def test_a_detector_learns_from_no_image_that_is_left_out(tmp_path: Path, learned: list[dict[str, Any]]) -> None:
    annotations, files = made(tmp_path, "drop_images")
    with pytest.raises(UserError, match="leaves no label that the task 'detection' could learn from"):
        train(training_of(DETECTOR, "detection", (annotations, files), tmp_path / "model"))
    split = read_json(annotations)
    polygon = [[60, 50, 80, 50, 80, 64, 60, 64]]
    dog = next(one for one in split["annotations"] if one["category_id"] == DOG)
    split["annotations"].append({**dog, "id": 99, "image_id": split["images"][-1]["id"], "segmentation": polygon})
    write_json(tmp_path / "more.json", split)
    train(training_of(DETECTOR, "detection", (tmp_path / "more.json", files), tmp_path / "model"))
    assert [Path(one["img_path"]).name for one in learned] == ["im 4.png"]


def test_a_pose_model_stops_where_everybody_is_without_a_label(tmp_path: Path) -> None:
    split = made(tmp_path, "drop_labels", grow=0.0)
    with pytest.raises(UserError, match="leaves no label that the task 'pose' could learn from"):
        train(training_of(POSE, "pose", split, tmp_path / "model"))
    assert not (tmp_path / "model").exists()
