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
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from anonbench.models.openmmlab.lean import load_torchvision_ops

NAME = "mmcv._ext"
MEND = "Install an mmcv wheel that was built for this version of torch, or use"


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
                f"mmcv's operator {name!r} needs mmcv's compiled extension, which is not installed. {MEND} a model "
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
            f"{MEND} pool_mode='avg'."
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


@dataclass(frozen=True)
class _Sampling:
    """Where a deformable convolution samples, as torchvision's operators take it; pairs are (vertical, horizontal)."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    deform_groups: int

    @classmethod
    def of_version_1(cls, given: dict[str, Any]) -> _Sampling:
        pairs = [(given[f"{name}H"], given[f"{name}W"]) for name in ("d", "pad", "dilation")]
        return cls(*pairs, given["group"], given["deformable_group"])

    @classmethod
    def of_version_2(cls, given: dict[str, Any]) -> _Sampling:
        pairs = [(given[f"{name}_h"], given[f"{name}_w"]) for name in ("stride", "pad", "dilation")]
        return cls(*pairs, given["group"], given["deformable_group"])

    def convolve(self, x: Tensor, weight: Tensor, offset: Tensor, mask: Tensor | None, bias: Tensor | None) -> Tensor:
        """The convolution's output; without a mask it is the unmodulated version 1."""
        return torch.ops.torchvision.deform_conv2d(x, weight, offset, *self._rest(x, weight, mask, bias))

    def gradients(
        self, grad_output: Tensor, x: Tensor, weight: Tensor, offset: Tensor, mask: Tensor | None, bias: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """The gradients with respect to x, weight, offset, mask and bias."""
        return torch.ops.torchvision._deform_conv2d_backward(
            grad_output, x, weight, offset, *self._rest(x, weight, mask, bias)
        )

    def _rest(self, x: Tensor, weight: Tensor, mask: Tensor | None, bias: Tensor | None) -> tuple[Any, ...]:
        no_mask, no_bias = x.new_zeros(len(x), 1), x.new_zeros(len(weight))
        tensors = (no_mask if mask is None else mask, no_bias if bias is None else bias)
        numbers = (*self.stride, *self.padding, *self.dilation, self.groups, self.deform_groups)
        return (*tensors, *numbers, mask is not None)


def deform_conv_forward(
    x: Tensor, weight: Tensor, offset: Tensor, output: Tensor, columns: Tensor, ones: Tensor, **settings: Any
) -> None:
    """Deformable convolution (Dai et al., ICCV 2017) of x (N, C, H, W), into output."""
    output.copy_(_Sampling.of_version_1(settings).convolve(x, weight, offset, None, None))


def deform_conv_backward_input(
    x: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_x: Tensor,
    grad_offset: Tensor,
    weight: Tensor,
    columns: Tensor,
    **settings: Any,
) -> None:
    """The gradients of :func:`deform_conv_forward` with respect to its input and offsets."""
    found = _Sampling.of_version_1(settings).gradients(grad_output, x, weight, offset, None, None)
    grad_x.copy_(found[0])
    grad_offset.copy_(found[2])


def deform_conv_backward_parameters(
    x: Tensor,
    offset: Tensor,
    grad_output: Tensor,
    grad_weight: Tensor,
    columns: Tensor,
    ones: Tensor,
    *,
    scale: float,
    **settings: Any,
) -> None:
    """The gradient of :func:`deform_conv_forward` with respect to its weight, times ``scale``."""
    weight = torch.zeros_like(grad_weight)  # the output is linear in the weight: the gradient is the same at any
    found = _Sampling.of_version_1(settings).gradients(grad_output, x, weight, offset, None, None)
    grad_weight.copy_(found[1] * scale)


def modulated_deform_conv_forward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    output: Tensor,
    columns: Tensor,
    *,
    with_bias: bool,
    **settings: Any,
) -> None:
    """Modulated deformable convolution (Zhu et al., CVPR 2019) of x (N, C, H, W), into output."""
    output.copy_(_Sampling.of_version_2(settings).convolve(x, weight, offset, mask, bias if with_bias else None))


def modulated_deform_conv_backward(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    ones: Tensor,
    offset: Tensor,
    mask: Tensor,
    columns: Tensor,
    grad_x: Tensor,
    grad_weight: Tensor,
    grad_bias: Tensor,
    grad_offset: Tensor,
    grad_mask: Tensor,
    grad_output: Tensor,
    *,
    with_bias: bool,
    **settings: Any,
) -> None:
    """The gradients of :func:`modulated_deform_conv_forward` with respect to all its tensors."""
    sampling = _Sampling.of_version_2(settings)
    found = sampling.gradients(grad_output, x, weight, offset, mask, bias if with_bias else None)
    outputs = [grad_x, grad_weight, grad_offset, grad_mask, *([grad_bias] if with_bias else [])]
    for gradient, value in zip(outputs, found, strict=False):
        gradient.copy_(value)


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
