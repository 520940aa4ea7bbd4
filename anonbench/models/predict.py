"""A trained run's predictions on a split, as COCO results."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, DefaultScope
from pycocotools import mask as coco_mask
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from anonbench.common.devices import pick_device
from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.models.openmmlab import setup
from anonbench.models.openmmlab.model_config import point_at, pose_category


def predict(
    run_dir: Path,
    annotations: Path,
    images_dir: Path,
    *,
    device: str = "auto",
    threads: int = 1,
    batch_size: int | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Run a trained model over a split.

    Parameters
    ----------
    run_dir
        Holds ``config.py`` and ``checkpoint.safetensors``, as :func:`anonbench.models.train.train` writes them.
    annotations, images_dir
        The split in the common form. Top-down pose takes its person boxes from the annotations.
    device, threads
        As in training.
    batch_size
        Images (or people) a step; by default the model config's.

    Returns
    -------
    dict
        COCO results by task, in px of the original images and with the split's own category ids. ``detection``:
        ``image_id``, ``category_id``, ``bbox`` xywh, ``score``. ``instance_segmentation``: the same with
        ``segmentation``, a compressed RLE whose counts are a str. ``pose``: ``image_id``, ``category_id``,
        ``annotation_id``, flat ``keypoints`` of x, y, score, and ``score``, the mean keypoint score.

    Raises
    ------
    UserError
        If the split's categories or keypoints are not those that the model was trained on.
    """
    config = Config.fromfile(str(Path(run_dir) / "config.py"))
    setup.use(config.default_scope, threads)
    device = pick_device(device)
    split = read_json(annotations)
    if config.default_scope == "mmdet":
        tasks = ("detection", "instance_segmentation")
        convert = partial(_detections, category_ids=_category_ids(config, split, annotations))
    else:
        tasks = ("pose",)
        convert = partial(_poses, category_id=_keypoint_category_id(config, split, annotations))

    loader = config.test_dataloader
    point_at(loader, annotations, images_dir)
    with DefaultScope.overwrite_default_scope(config.default_scope):
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints while it indexes
            dataset = DATASETS.build(loader.dataset)
        batches = DataLoader(
            dataset, batch_size or loader.batch_size, num_workers=loader.num_workers, collate_fn=pseudo_collate
        )
        model = _model(config, Path(run_dir) / "checkpoint.safetensors", device)
        results: dict[str, list[dict[str, Any]]] = {task: [] for task in tasks}
        for batch in tqdm(batches, desc="predict", unit="batch", mininterval=1):
            with torch.no_grad():
                samples = model.test_step(batch)
            for task, result in chain.from_iterable(map(convert, samples)):
                results[task].append(result)
    return results


def _model(config: Config, checkpoint: Path, device: str) -> nn.Module:
    model = MODELS.build(config.model)
    model.load_state_dict(load_file(checkpoint))
    return model.to(device, memory_format=torch.channels_last).eval()


def _category_ids(config: Config, split: dict[str, Any], annotations: Path) -> list[int]:
    """The split's category id of each of the model's labels."""
    by_name = {category["name"]: category["id"] for category in split["categories"]}
    classes = config.test_dataloader.dataset.metainfo["classes"]
    if differing := set(by_name) ^ set(classes):
        raise UserError(
            f"{annotations} and the split that the model was trained on differ in: {', '.join(sorted(differing))}.",
            "Use the same categories in the training and validation splits.",
        )
    return [by_name[name] for name in classes]


def _keypoint_category_id(config: Config, split: dict[str, Any], annotations: Path) -> int:
    category = pose_category(split, annotations)
    trained = [info["name"] for info in config.test_dataloader.dataset.metainfo["keypoint_info"].values()]
    if category["keypoints"] != trained:
        raise UserError(
            f"{annotations} names the keypoints {category['keypoints']}, but the model was trained on {trained}.",
            "Use the same keypoints in the training and validation splits.",
        )
    return category["id"]


def _detections(sample: Any, category_ids: list[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """One image's boxes and, where the model has a mask head, masks."""
    found = sample.pred_instances.cpu()
    corners = found.bboxes.double().numpy()
    boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
    common = [
        {"image_id": sample.img_id, "category_id": category_ids[label], "score": score}
        for label, score in zip(found.labels.tolist(), found.scores.tolist(), strict=True)
    ]
    for result, box in zip(common, boxes.tolist(), strict=True):
        yield "detection", {**result, "bbox": box}
    if "masks" in found and len(found):
        masks = np.asfortranarray(found.masks.numpy().transpose(1, 2, 0), dtype=np.uint8)
        for result, rle in zip(common, coco_mask.encode(masks), strict=True):
            yield "instance_segmentation", {**result, "segmentation": {**rle, "counts": rle["counts"].decode()}}


def _poses(sample: Any, category_id: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """One person's keypoints."""
    found = sample.pred_instances
    scores = np.asarray(found.keypoint_scores, np.float64)[0]
    keypoints = np.concatenate([np.asarray(found.keypoints, np.float64)[0], scores[:, None]], axis=1)
    yield (
        "pose",
        {
            "image_id": sample.img_id,
            "category_id": category_id,
            "annotation_id": sample.id,
            "keypoints": keypoints.ravel().tolist(),
            "score": float(scores.mean()),
        },
    )
