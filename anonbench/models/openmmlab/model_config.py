"""A model config of ``config/models/``, completed with what only the dataset and the run know."""

from __future__ import annotations

import logging
import platform
import pprint
from pathlib import Path
from typing import Any

from mmengine.config import Config, ConfigDict

from anonbench.common.devices import pick_device
from anonbench.common.errors import UserError
from anonbench.models.config_files import find_model_config
from anonbench.models.openmmlab.image_loading import dicts, serve
from anonbench.models.openmmlab.pose_meta import pose_metainfo
from anonbench.regions.anatomy import mirror_partners
from anonbench.variants.variant_images import VariantFiles

log = logging.getLogger(__name__)

SCOPES = ("mmdet", "mmpose")


def load(path: Path | str) -> Config:
    """Read a model config.

    Parameters
    ----------
    path
        In the study's folder or in the workflow's, as :func:`anonbench.models.config_files.find_model_config` says.

    Raises
    ------
    UserError
        If the file is missing, is not a config, or belongs to no supported toolkit.
    """
    path = find_model_config(path)
    if not path.is_file():
        raise UserError(
            f"The model config {path} does not exist.", "Name a file of config/models/ in the configuration."
        )
    try:
        config = Config.fromfile(str(path))
    except Exception as error:
        raise UserError(
            f"The model config {path} cannot be read ({type(error).__name__}: {error}).", "Correct it."
        ) from error
    if config.get("default_scope") not in SCOPES:
        raise UserError(
            f"The model config {path} has default_scope {config.get('default_scope')!r}.",
            "Set it to 'mmdet' or 'mmpose', or inherit from a base of config/models/_base_.",
        )
    return config


def device_of(config: Config, asked: str) -> str:
    """The device for a model: what :func:`anonbench.common.devices.pick_device` makes of ``asked``.

    Raises
    ------
    UserError
        As there, or if a config with ``made_for_gpu = True`` would run on the CPU and ``asked`` is not ``cpu``.
    """
    device = pick_device(asked)
    if config.get("made_for_gpu") and device == "cpu" != asked:
        raise UserError(
            f"The model config {config.filename} is made for a GPU, and torch finds none on {platform.node()}.",
            "Give the job a GPU, or set runtime.device to cpu to run it on the CPU.",
        )
    return device


def complete(config: Config, split: dict[str, Any], annotations: Path, images: VariantFiles) -> Config:
    """Fill in classes, keypoints and paths from a split in the common form, and let its pipelines load a variant.

    Parameters
    ----------
    config
        As :func:`load` returns it; changed in place and returned.
    split
        The content of ``annotations``.
    annotations, images
        Stored in the config as they are; of the test pipeline, prediction names others.

    Raises
    ------
    UserError
        If the split has nothing to train on, or a pipeline loads images in a way that :func:`.image_loading.serve`
        does not know.
    """
    if config.default_scope == "mmdet":
        metainfo = _complete_detector(config, split, annotations)
    else:
        metainfo = _complete_pose_estimator(config, split, annotations)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.metainfo = metainfo
        point_at(loader, annotations, images)
    return config


def point_at(loader: ConfigDict, annotations: Path, images: VariantFiles) -> None:
    """Let a data loader read the split ``annotations`` with a variant's images."""
    loader.dataset.ann_file = str(annotations)
    serve(loader.dataset, images)


def scale_rate(config: Config, processes: int) -> None:
    """Let the learning rate follow the batch by the linear rule (Goyal et al., arXiv 1706.02677, section 2.1).

    Parameters
    ----------
    config
        Its optimizer's ``lr`` belongs to ``auto_scale_lr.base_batch_size`` samples per step, or to the config's own
        batch where it names none; changed in place.
    processes
        How many take a step together, each with ``train_dataloader.batch_size`` samples.
    """
    batch = config.train_dataloader.batch_size
    base = config.get("auto_scale_lr", {}).get("base_batch_size", batch)
    optimizer = config.optim_wrapper.optimizer
    published = optimizer.lr
    optimizer.lr = published * batch * processes / base
    log.info(
        "%d process(es) with %d samples each: %d per step, learning rate %.4g (%.4g for %d)",
        processes, batch, batch * processes, optimizer.lr, published, base,
    )  # fmt: skip


def weight_files(config: Config) -> list[Path]:
    """The existing files of fetched weights that a config starts from."""
    files = [step["file"] for step in dicts(config.model.to_dict()) if step.get("type") == "FetchedWeights"]
    return [path for file in (*files, config.get("load_from")) if file and (path := Path(file)).is_file()]


def result_kinds(config: Config) -> tuple[str, ...]:
    """The kinds of results that a config's model gives: keys of :class:`anonbench.models.predictions.Predictions`."""
    if config.default_scope == "mmpose":
        return ("keypoints",)
    return ("bbox", "segmentation") if _mask_head(config) else ("bbox",)


def _mask_head(config: Config) -> ConfigDict | None:
    return config.model.get("roi_head", {}).get("mask_head")


def as_python(config: Config) -> str:
    """The config as Python source, without the MMEngine formatter's start-up cost."""
    return "".join(f"{key} = {pprint.pformat(value, width=120)}\n" for key, value in config.to_dict().items())


def _complete_detector(config: Config, split: dict[str, Any], annotations: Path) -> dict[str, Any]:
    classes = [category["name"] for category in split["categories"]]
    people = [a for a in split["annotations"] if not a.get("iscrowd", 0)]
    with_mask = [a for a in people if a.get("segmentation")]
    if not people:
        raise UserError(f"{annotations} holds no annotated instance.", "Name a split with annotated instances.")
    wants_masks = _mask_head(config) is not None
    if wants_masks and not with_mask:
        # Boxes alone train the detector; there is nothing to train, or to score, the mask head with.
        config.model.roi_head.update(mask_head=None, mask_roi_extractor=None)
        for step in dicts(config.train_dataloader.dataset.pipeline):
            if "with_mask" in step:
                step.with_mask = False
    elif wants_masks and len(with_mask) < len(people):
        log.warning(
            "%s: %d of %d instances have no mask; they are ignored regions for the mask model.",
            annotations,
            len(people) - len(with_mask),
            len(people),
        )
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.masks = _mask_head(config) is not None
    for head in (config.model.get("roi_head", config.model).bbox_head, _mask_head(config)):
        if head is not None:
            head.num_classes = len(classes)
    return {"classes": classes}


def pose_category(split: dict[str, Any], annotations: Path) -> dict[str, Any]:
    """The one category of people with keypoints.

    Raises
    ------
    UserError
        If there is none, or more than one.
    """
    found = [c for c in split["categories"] if c.get("keypoints") and c.get("is_person", True)]
    if len(found) != 1:
        raise UserError(
            f"{annotations} has {len(found)} categories of people with keypoints; a pose model needs exactly one.",
            "Choose a dataset with keypoints, or drop the pose model for it.",
        )
    return found[0]


def _complete_pose_estimator(config: Config, split: dict[str, Any], annotations: Path) -> dict[str, Any]:
    category = pose_category(split, annotations)
    config.model.head.out_channels = len(category["keypoints"])
    partners = mirror_partners(category["keypoints"])
    if partners == list(range(len(partners))):
        # Without known left and right, mirrored people would carry wrong labels.
        config.model.test_cfg.flip_test = False
        dataset = config.train_dataloader.dataset
        dataset.pipeline = [step for step in dataset.pipeline if step["type"] != "RandomFlip"]
    return pose_metainfo(split["info"]["dataset"], category)
