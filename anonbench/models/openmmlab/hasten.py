"""What keeps a CUDA device busy: packed batches, fused optimizers and, for the models that allow it, a lighter step.

Nothing of this concerns a CPU, and nothing changes what is learned but for rounding and for which regions a detector
draws at random.
"""

from __future__ import annotations

from typing import Any

from mmengine.config import Config
from torch import nn

FUSED = ("Adam", "AdamW", "SGD")


def settled(config: Config) -> Config:
    """A copy of a completed model config for training in one process on a CUDA device."""
    config = Config(config.to_dict())
    if config.optim_wrapper.optimizer.type in FUSED:
        config.optim_wrapper.optimizer.fused = True
    config.train_dataloader.pin_memory = True
    if _of_poses(config):
        config.train_dataloader.collate_fn = {"type": "pack_poses"}
    elif _of_instances(config):
        divisor = config.model.data_preprocessor.pad_size_divisor
        config.train_dataloader.collate_fn = {"type": "pack_instances", "divisor": divisor}
    elif config.default_scope == "mmdet":
        for part in _parts(config.model.train_cfg):
            if part.get("type") == "MaxIoUAssigner":
                part["type"] = "WholeMaxIoUAssigner"
    return config


def hasten(model: nn.Module, config: Config) -> nn.Module:
    """Give a model on a CUDA device the training step for the batches that :func:`settled` asks for; it is returned."""
    if _of_poses(config):
        from anonbench.models.openmmlab.graphed import GraphedPoses

        model.train_step = GraphedPoses(model)
    elif _of_instances(config):
        from anonbench.models.openmmlab.mask_rcnn import WholeMaskRCNN

        model.train_step = WholeMaskRCNN(model)
    return model


def _of_poses(config: Config) -> bool:
    model = config.model
    return model.type == "TopdownPoseEstimator" and model.head.type == "HeatmapHead"


def _of_instances(config: Config) -> bool:
    """Whether it is a Mask R-CNN with the heads, losses and rules that :mod:`.mask_rcnn` knows."""
    model = config.model
    if model.type != "MaskRCNN" or not model.roi_head.get("mask_head"):
        return False
    heads = model.roi_head
    known = {
        "RPNHead": model.rpn_head,
        "StandardRoIHead": {"type": "StandardRoIHead", **heads},
        "Shared2FCBBoxHead": heads.bbox_head,
        "FCNMaskHead": heads.mask_head,
        "AnchorGenerator": model.rpn_head.anchor_generator,
    }
    rules = model.train_cfg.rpn, model.train_cfg.rcnn
    return (
        all(part["type"] == name for name, part in known.items())
        and model.rpn_head.loss_cls.get("use_sigmoid", False)
        and model.rpn_head.loss_bbox.type == "L1Loss"
        and all(r.assigner.type == "MaxIoUAssigner" and r.sampler.type == "RandomSampler" for r in rules)
        and not rules[0].sampler.add_gt_as_proposals
        and rules[1].sampler.add_gt_as_proposals
    )


def _parts(value: Any) -> list[Any]:
    found = []
    if isinstance(value, dict):
        found.append(value)
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            found += _parts(item)
    return found
