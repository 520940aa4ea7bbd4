"""The training step of a Mask R-CNN that asks the device a single question: how many regions were sampled.

The losses are those of MMDetection's ``MaskRCNN`` with a ``StandardRoIHead``; the random choice of regions is another.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper
from torch import Tensor, nn

from anonbench.models.openmmlab.assign import assigned_in_image
from anonbench.models.openmmlab.collate import normalized, unpacked
from anonbench.models.openmmlab.proposals import Objects, Proposals, encoded, sampled


class WholeMaskRCNN:
    """The ``train_step`` of a Mask R-CNN, for batches of :func:`.collate.pack_instances`.

    Parameters
    ----------
    model
        On a CUDA device and in training mode.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        divisor = model.data_preprocessor.pad_size_divisor
        self.proposals = Proposals(model.rpn_head, model.train_cfg.rpn_proposal, divisor)

    def __call__(self, data: dict[str, Any], optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """Take one step; the losses, without gradient."""
        with optim_wrapper.optim_context(self.model):
            losses = self.losses(data)
        total = sum(losses.values())
        optim_wrapper.update_params(total)
        return {"loss": total.detach(), **{name: value.detach() for name, value in losses.items()}}

    def losses(self, data: dict[str, Any]) -> dict[str, Tensor]:
        """The five losses of a batch on the CPU."""
        device = next(self.model.parameters()).device
        data = {k: v.to(device, non_blocking=True) if isinstance(v, Tensor) else v for k, v in data.items()}
        shown = Objects(
            list(data["boxes"].split(data["objects"])),
            list(data["labels"].split(data["objects"])),
            list(data["ignored"].split(data["regions"])),
            data["first"],
            data["sizes"],
        )
        levels = self.model.extract_feat(self.images(data["inputs"], shown.sizes))
        losses, proposals, usable = self.proposals(levels, shown)
        return losses | self._head_losses(levels, proposals, usable, shown, unpacked(data["masks"]))

    def images(self, inputs: Tensor, sizes: Tensor) -> Tensor:
        """Normalized images, zero outside of each one's own size."""
        inside = [
            torch.arange(n, device=inputs.device) < sizes[:, d, None]
            for d, n in enumerate(inputs.shape[2:])
        ]  # fmt: skip
        images = normalized(inputs, self.model.data_preprocessor)
        images = images * (inside[0][:, None, :, None] & inside[1][:, None, None, :])
        return images.contiguous(memory_format=torch.channels_last)

    def _head_losses(
        self, levels: tuple[Tensor, ...], proposals: Tensor, usable: Tensor, shown: Objects, masks: Tensor
    ) -> dict[str, Tensor]:
        head = self.model.roi_head
        with torch.no_grad():
            priors, numbers = self._assigned(proposals, usable, shown)
            positive, is_positive, negative, is_negative = sampled(numbers, head.bbox_sampler)
            index, chosen = torch.cat([positive, negative], 1), torch.cat([is_positive, is_negative], 1)
            rois = priors.gather(1, index[..., None].expand(-1, -1, 4))
            boxes, labels, objects = shown.matched(numbers.gather(1, index))
            many = positive.shape[1]
            is_object = chosen & (torch.arange(index.shape[1], device=index.device) < many)
            labels = torch.where(is_object, labels, head.bbox_head.num_classes)
            image = torch.arange(len(rois), device=rois.device)[:, None].expand_as(index)
            rois = torch.cat([image[..., None], rois], 2)
            strides = head.bbox_roi_extractor.featmap_strides
            level = head.bbox_roi_extractor.map_roi_levels(rois.flatten(0, 1), len(strides)).view_as(index)
            order, of_object, counts = _by_level(level, chosen, is_object, len(strides))
            rois, boxes, labels, objects, is_object = (
                x.flatten(0, 1) for x in (rois, boxes, labels, objects, is_object)
            )
            of_boxes, of_masks = counts[: len(strides)], counts[len(strides) :]
            order, of_object = order[: sum(of_boxes)], of_object[: sum(of_masks)]
            objects_first = (~is_object[order]).to(torch.uint8).argsort(stable=True)[: len(of_object)]

        pooled = _pooled(levels, rois[order], of_boxes, head.bbox_roi_extractor)
        scores, deltas = head.bbox_head(pooled)
        loss = F.cross_entropy(scores.float(), labels[order])
        these = order[objects_first]
        found = deltas.float().view(len(deltas), -1, 4)[objects_first, labels[these]]
        wanted = encoded(rois[these, 1:], boxes[these], head.bbox_head.bbox_coder)
        by = torch.ones_like(found)
        losses = {
            "loss_cls": head.bbox_head.loss_cls.loss_weight * loss,
            "loss_bbox": head.bbox_head.loss_bbox(found, wanted, by, avg_factor=max(1, len(order))),
        }

        pooled = _pooled(levels, rois[of_object], of_masks, head.mask_roi_extractor)
        made = head.mask_head(pooled).float()
        if not len(of_object):
            return losses | {"loss_mask": made.sum()}
        made = made[torch.arange(len(made), device=made.device), labels[of_object]]
        size = self.model.train_cfg.rcnn.mask_size
        target = _targets(masks, objects[of_object], rois[of_object, 1:], (size, size))
        loss = F.binary_cross_entropy_with_logits(made, target)
        return losses | {"loss_mask": head.mask_head.loss_mask.loss_weight * loss}

    def _assigned(self, proposals: Tensor, usable: Tensor, shown: Objects) -> tuple[Tensor, Tensor]:
        """Objects and proposals of every image (B, N, 4) and the object of each (B, N); spare places are -1."""
        most = max(map(len, shown.boxes))
        priors, numbers = [], []
        for boxes, ignored, found, ok in zip(shown.boxes, shown.ignored, proposals, usable, strict=True):
            spare = most - len(boxes)
            prior = F.pad(torch.cat([boxes, found]), (0, 0, 0, spare))
            assigner = self.model.roi_head.bbox_assigner
            number = assigned_in_image(found, boxes, ignored, ok, assigner)
            own = torch.arange(1, len(boxes) + 1, device=number.device)
            priors.append(prior)
            numbers.append(F.pad(torch.cat([own, number]), (0, spare), value=-1))
        return torch.stack(priors), torch.stack(numbers)


def _by_level(level: Tensor, chosen: Tensor, is_object: Tensor, levels: int) -> tuple[Tensor, Tensor, list[int]]:
    """The chosen regions and the objects among them, each ordered by level, and how many there are of each level."""
    orders, counts = [], []
    for wanted in (chosen, is_object):
        at = torch.where(wanted, level, levels).flatten()
        orders.append(at.argsort(stable=True))
        counts.append((at[:, None] == torch.arange(levels, device=at.device)).sum(0))
    return *orders, torch.cat(counts).tolist()  # the question


def _pooled(levels: tuple[Tensor, ...], rois: Tensor, counts: list[int], extractor: nn.Module) -> Tensor:
    """RoIAlign of rois (n, 5) that are ordered by level, in float32."""
    parts = []
    for level, of_level, layer in zip(levels, rois.split(counts), extractor.roi_layers, strict=False):
        settings = layer.spatial_scale, *layer.output_size, layer.sampling_ratio, layer.aligned
        parts.append(_RoIAlign.apply(level.float(), of_level, *settings))
    return torch.cat(parts)


class _RoIAlign(torch.autograd.Function):
    """torchvision's operator with its gradient, without the copies that mmcv's calling convention asks for."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, rois: Tensor, scale: float, height: int, width: int, samples: int, aligned: bool
    ) -> Tensor:
        ctx.save_for_backward(rois)
        ctx.settings = (scale, height, width, *x.shape, samples, aligned)
        return torch.ops.torchvision.roi_align(x, rois, scale, height, width, samples, aligned)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        found = torch.ops.torchvision._roi_align_backward(gradient, *ctx.saved_tensors, *ctx.settings)
        return (found, *[None] * 6)


def _targets(masks: Tensor, objects: Tensor, boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """The masks (N, H, W) of some objects (n,) within boxes (n, 4), at another size and rounded to 0 and 1."""
    height, width = masks.shape[1:]
    limits = torch.stack([boxes[:, ::2].clamp(0, width), boxes[:, 1::2].clamp(0, height)], 2).flatten(1)
    rois = torch.cat([objects[:, None].to(limits), limits], 1)
    with torch.autocast(masks.device.type, enabled=False):
        shares = torch.ops.torchvision.roi_align(masks[:, None].float(), rois, 1.0, *size, 0, True)
    return (shares[:, 0] >= 0.5).float()
