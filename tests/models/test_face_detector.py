"""The face detector that a CPU trains: which pyramid level learns a face, and tiny faces in px of the whole image."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import InstanceData
from PIL import Image
from torchvision.ops import box_iou

from anonbench.anonymize.originals import check_originals
from anonbench.common.files import sha256_file, write_json
from anonbench.common.root import ROOT
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.evaluate.score import score
from anonbench.models.openmmlab import model_config, setup
from anonbench.models.predict import predict
from anonbench.models.train import train
from anonbench.models.training import Training
from anonbench.variants.variant_images import VariantFiles

CONFIG = ROOT / "config" / "models" / "atss_mobilenetv2_photos.py"
WIDTH, HEIGHT = 192, 144
CPU = RuntimeConfig(device="cpu")


@pytest.fixture(scope="module")
def head() -> torch.nn.Module:
    config = model_config.load(CONFIG)
    setup.use(config.default_scope, 1)
    config.model.bbox_head.num_classes = 1
    with DefaultScope.overwrite_default_scope("mmdet"), torch.device("meta"):
        return MODELS.build(config.model).bbox_head


def assigned(head: torch.nn.Module, faces: list, ignored: list) -> list[torch.Tensor]:
    """Of each level, which face each cell of an input of 512 x 512 px learns: from 1 on, 0 background, -1 nothing."""
    sizes = [(512 // x, 512 // y) for x, y in head.prior_generator.strides]
    priors = head.prior_generator.grid_priors(sizes, device="cpu")
    counts = [len(level) for level in priors]

    def instances(boxes: list) -> InstanceData:
        return InstanceData(bboxes=torch.tensor(boxes).float().reshape(-1, 4), labels=torch.zeros(len(boxes)).long())

    found = head.assigner.assign(InstanceData(priors=torch.cat(priors)), counts, instances(faces), instances(ignored))
    return list(found.gt_inds.split(counts))


@pytest.mark.parametrize(("height", "level"), [(8, 0), (16, 0), (32, 1), (64, 2), (128, 3), (256, 4)])
def test_a_face_of_any_size_from_8_px_is_learned_by_the_level_of_its_size(head, height, level):
    width = height / 1.3
    face = [200, 200, 200 + width, 200 + height]
    many = [int((cells == 1).sum()) for cells in assigned(head, [face], [])]
    assert many[level] == max(many) >= 1


def test_nothing_is_learned_inside_ignored_faces(head):
    finest = assigned(head, [[20, 20, 30, 34]], [[100, 100, 140, 140]])[0].view(128, 128)
    assert (finest[27:33, 27:33] == -1).all()
    assert (finest[60:, 60:] == 0).all() and finest[6, 6] == 1


@pytest.fixture(scope="module")
def faces(tmp_path_factory) -> tuple[Path, VariantFiles]:
    """Twelve images of WIDER FACE's form with two faces each, of 8 to 40 px, and a third that is marked invalid."""
    folder, rng = tmp_path_factory.mktemp("faces"), np.random.default_rng(0)
    images, annotations = [], []
    for number in range(1, 13):
        pixels = rng.integers(90, 130, (HEIGHT, WIDTH, 3), dtype=np.uint8)
        for place, side in enumerate((8 + number % 3, 16 + 2 * number, 20)):
            width, height = side, int(1.3 * side)
            x = 64 * place + int(rng.integers(2, 62 - width))
            y = int(rng.integers(2, HEIGHT - height - 2))
            paint(pixels[y : y + height, x : x + width])
            invalid = place == 2
            annotations.append(
                {
                    "id": len(annotations) + 1, "image_id": number, "category_id": 1, "bbox": [x, y, width, height],
                    "area": width * height, "iscrowd": int(invalid),
                    "difficulty": [] if invalid else ["hard"] if side < 11 else ["easy", "medium", "hard"],
                }
            )  # fmt: skip
        path = folder / "images" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path)
        images.append(
            {"id": number, "file_name": path.name, "width": WIDTH, "height": HEIGHT, "sha256": sha256_file(path)}
        )
    split = {
        "info": {"dataset": "toy", "split": "train", "protocol": "wider_face"},
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "face", "supercategory": "person", "is_person": True, "is_face": True}],
    }
    annotations_file, manifest = folder / "split.json", folder / "original" / "manifest.json"
    write_json(annotations_file, split)
    check_originals(
        annotations=annotations_file, images_dir=folder / "images", manifest=manifest, dataset="toy", split="train"
    )
    return annotations_file, VariantFiles(manifest=manifest, originals=folder / "images")


def paint(face: np.ndarray) -> None:
    """Skin, two eyes and a mouth, over (height, width, 3) pixels."""
    height, width = face.shape[:2]
    face[:] = (230, 180, 150)
    for left in (0.2, 0.6):
        face[int(0.25 * height) : int(0.4 * height) + 1, int(left * width) : int((left + 0.2) * width) + 1] = 20
    face[int(0.7 * height) : int(0.8 * height) + 1, int(0.3 * width) : int(0.7 * width) + 1] = (180, 20, 30)


@pytest.mark.slow
def test_tiny_faces_are_learned_from_crops_and_found_in_px_of_the_whole_image(faces, tmp_path):
    model = tmp_path / "atss_small.py"
    model.write_text(
        f"_base_ = {str(CONFIG)!r}\n"
        "train_pipeline = _base_.train_pipeline\n"
        "train_pipeline[2].sides = [0.6, 1.0]\n"
        "train_pipeline[4].scale = (192, 192)\n"
        "train_dataloader = dict(dataset=dict(pipeline=train_pipeline))\n"
        "test_pipeline = _base_.test_pipeline\n"
        "test_pipeline[1].scale = (384, 288)\n"  # twice the size of the images
        "test_dataloader = dict(dataset=dict(pipeline=test_pipeline))\n"
        "train_cfg = dict(max_epochs=24)\n"
    )
    annotations, images = faces
    train(
        Training(
            model=ModelConfig(config=str(model), tasks=["detection"]),
            annotations=annotations,
            images=images,
            out_dir=tmp_path / "run",
            seed=0,
            runtime=CPU,
        )
    )
    losses = [json.loads(line)["loss"] for line in (tmp_path / "run" / "scalars.json").read_text().splitlines()]
    assert losses[-1] < 0.6 * losses[0]

    found = predict(tmp_path / "run", annotations, images, CPU)
    assert set(found) == {"bbox"}
    split = json.loads(annotations.read_text())
    best = []
    for face in split["annotations"]:
        here = [r["bbox"] for r in found["bbox"] if r["image_id"] == face["image_id"] and r["score"] > 0.2]
        best.append(float(box_iou(corners([face["bbox"]]), corners(here)).max()))
    assert np.min(best) > 0.4 and np.mean(best) > 0.6
    metrics = score(split, found, ["detection"])["detection"].metrics
    assert metrics["AP_hard"] > 0.9 and metrics["AP_easy"] > 0.95


def corners(boxes: list) -> torch.Tensor:
    """(N, 4) xyxy of boxes x, y, w, h."""
    boxes = torch.tensor(boxes).float().reshape(-1, 4)
    return torch.cat([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], dim=1)
