"""mmcv's deformable convolutions on torchvision's operator; see :mod:`anonbench.models.openmmlab.ops`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class _Sampling:
    """Where a deformable convolution samples, as torchvision's operators take it; pairs are (vertical, horizontal)."""

    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int
    deform_groups: int

    @classmethod
    def of_version_1(cls, settings: dict[str, Any]) -> _Sampling:
        pairs = [(settings[f"{name}H"], settings[f"{name}W"]) for name in ("d", "pad", "dilation")]
        return cls(*pairs, settings["group"], settings["deformable_group"])

    @classmethod
    def of_version_2(cls, settings: dict[str, Any]) -> _Sampling:
        pairs = [(settings[f"{name}_h"], settings[f"{name}_w"]) for name in ("stride", "pad", "dilation")]
        return cls(*pairs, settings["group"], settings["deformable_group"])

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
