"""``mmcv.ops`` on torchvision's operators where mmcv's compiled extension is not installed.

mmcv's operators live in the compiled module ``mmcv._ext``, which the pure-Python wheel lacks. :func:`install` puts a
Python module of that name in its place. Its functions keep the extension's calling convention (outputs are tensors that
the caller allocated) and run on whatever device their tensors are on, because torchvision's operators have CPU and CUDA
kernels.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from anonbench.models.openmmlab.deformable import (
    deform_conv_backward_input,
    deform_conv_backward_parameters,
    deform_conv_forward,
    modulated_deform_conv_backward,
    modulated_deform_conv_forward,
)
from anonbench.models.openmmlab.lean import load_torchvision_ops

NAME = "mmcv._ext"
REMEDY = "Install an mmcv wheel that was built for this version of torch, or use"


def install() -> bool:
    """Serve ``mmcv._ext`` from this module unless a compiled one is installed.

    Returns
    -------
    bool
        True when this module serves the operators, False when the compiled extension does.
    """
    if NAME not in sys.modules:
        if importlib.util.find_spec(NAME) is not None:
            return False
        load_torchvision_ops()
        sys.modules[NAME] = _extension()
    return getattr(sys.modules[NAME], "SERVED_BY", None) == __name__


def _extension() -> ModuleType:
    """A module with the operators below, whose every other attribute is a function that explains itself."""

    def unavailable(name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)

        def raise_error(*args: Any, **kwargs: Any) -> None:
            raise NotImplementedError(
                f"mmcv's operator {name!r} needs mmcv's compiled extension, which is not installed. {REMEDY} a model "
                "config without this operator."
            )

        return raise_error

    module = ModuleType(NAME, __doc__)
    module.__spec__ = ModuleSpec(NAME, loader=None)
    module.SERVED_BY = __name__
    module.__getattr__ = unavailable
    for operator in (
        nms,
        softnms,
        roi_align_forward,
        roi_align_backward,
        deform_conv_forward,
        deform_conv_backward_input,
        deform_conv_backward_parameters,
        modulated_deform_conv_forward,
        modulated_deform_conv_backward,
        sigmoid_focal_loss_forward,
        sigmoid_focal_loss_backward,
    ):
        setattr(module, operator.__name__, operator)
    return module


def nms(boxes: Tensor, scores: Tensor, *, iou_threshold: float, offset: int) -> Tensor:
    """Indices (K,) int64 of the boxes (N, 4) ``xyxy`` that greedy suppression keeps, best score first.

    ``offset`` 1 counts a box's last row and column as inside, so its width is ``x2 - x1 + 1``.
    """
    dtype = torch.promote_types(boxes.dtype, torch.float32)
    boxes = boxes.to(dtype)
    if offset:
        boxes = torch.cat([boxes[:, :2], boxes[:, 2:] + offset], dim=1)
    return torch.ops.torchvision.nms(boxes, scores.to(dtype), iou_threshold)


def softnms(
    boxes: Tensor,
    scores: Tensor,
    dets: Tensor,
    *,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    offset: int,
) -> Tensor:
    """Soft-NMS (Bodla et al., ICCV 2017) by ``method`` 0 (hard), 1 (linear) or 2 (Gaussian).

    Fills the first K rows of ``dets`` (N, 5) with ``xyxy`` and the decayed score and returns the K original indices
    (int64).
    """
    boxes, scores = boxes.clone(), scores.clone()
    index = torch.arange(len(boxes))
    kept = []
    while len(boxes):
        best = int(scores.argmax())
        dets[len(kept), :4] = boxes[best]
        dets[len(kept), 4] = scores[best]
        kept.append(index[best])

        overlap = _iou(boxes[best], boxes, offset)
        if method == 0:
            decay = (overlap < iou_threshold).to(scores)
        elif method == 1:
            decay = torch.where(overlap >= iou_threshold, 1 - overlap, torch.ones_like(overlap))
        else:
            decay = torch.exp(-(overlap * overlap) / sigma)
        scores = scores * decay
        rest = scores >= min_score
        rest[best] = False
        boxes, scores, index = boxes[rest], scores[rest], index[rest]
    return torch.stack(kept) if kept else index


def _iou(box: Tensor, boxes: Tensor, offset: int) -> Tensor:
    """IoU (N,) of one box (4,) with boxes (N, 4), all ``xyxy``."""
    sides = (torch.minimum(box[2:], boxes[:, 2:]) - torch.maximum(box[:2], boxes[:, :2]) + offset).clamp(min=0)
    intersection = sides.prod(dim=1)
    areas = (boxes[:, 2:] - boxes[:, :2] + offset).prod(dim=1)
    return intersection / ((box[2:] - box[:2] + offset).prod() + areas - intersection)


def _require_average(pool_mode: int) -> None:
    if pool_mode != 1:
        raise NotImplementedError(
            "mmcv's operator 'roi_align' with pool_mode='max' needs mmcv's compiled extension, which is not installed. "
            f"{REMEDY} pool_mode='avg'."
        )


def roi_align_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """RoIAlign of features (N, C, H, W) at rois (K, 5) of image index and ``xyxy``, into output (K, C, h, w)."""
    _require_average(pool_mode)
    output.copy_(
        torch.ops.torchvision.roi_align(
            features, rois.to(features), spatial_scale, aligned_height, aligned_width, sampling_ratio, aligned
        )
    )


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_input: Tensor,
    *,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """The gradient of :func:`roi_align_forward` with respect to the features, into grad_input (N, C, H, W)."""
    _require_average(pool_mode)
    grad_input.copy_(
        torch.ops.torchvision._roi_align_backward(
            grad_output,
            rois.to(grad_output),
            spatial_scale,
            aligned_height,
            aligned_width,
            *grad_input.shape,
            sampling_ratio,
            aligned,
        )
    )


def _focal_loss(logits: Tensor, target: Tensor, weight: Tensor, gamma: float, alpha: float) -> Tensor:
    """The sigmoid focal loss (Lin et al., ICCV 2017) of every logit (N, C); a target of C means background."""
    classes = logits.shape[1]
    positive = F.one_hot(target, classes + 1)[:, :classes].to(logits)
    probability = logits.sigmoid()
    loss = -alpha * positive * (1 - probability) ** gamma * F.logsigmoid(logits)
    loss = loss - (1 - alpha) * (1 - positive) * probability**gamma * F.logsigmoid(-logits)
    if weight.numel():
        loss = loss * torch.cat([weight, weight.new_ones(1)])[target][:, None]
    return loss


def sigmoid_focal_loss_forward(
    logits: Tensor, target: Tensor, weight: Tensor, output: Tensor, *, gamma: float, alpha: float
) -> None:
    """The focal loss of logits (N, C) for targets (N,) int64, class ``weight`` (C,) or empty, into output (N, C)."""
    output.copy_(_focal_loss(logits, target, weight, gamma, alpha))


def sigmoid_focal_loss_backward(
    logits: Tensor, target: Tensor, weight: Tensor, grad_input: Tensor, *, gamma: float, alpha: float
) -> None:
    """The gradient of the sum of :func:`sigmoid_focal_loss_forward`'s output, into grad_input (N, C)."""
    with torch.enable_grad():
        logits = logits.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(_focal_loss(logits, target, weight, gamma, alpha).sum(), logits)
    grad_input.copy_(gradient)
