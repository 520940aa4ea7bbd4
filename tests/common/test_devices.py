"""Where torch computes: pointwise convolutions take another kernel, and are the same."""

from __future__ import annotations

import torch
from torch import nn

from anonbench.common.devices import hasten_pointwise


def test_a_hastened_model_computes_the_same_with_the_same_weights() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), nn.Conv2d(4, 4, 1, stride=2), nn.Conv2d(4, 2, 1))
    images, names = torch.randn(2, 3, 11, 9), list(model.state_dict())
    expected = model(images)
    assert hasten_pointwise(model, "cpu") is model
    assert [layer.dilation for layer in model] == [(1, 1), (2, 2), (1, 1), (2, 2)]
    torch.testing.assert_close(model(images), expected)
    assert list(model.state_dict()) == names


def test_a_model_on_a_gpu_stays_as_it_is() -> None:
    model = nn.Conv2d(3, 3, 1)
    hasten_pointwise(model, torch.device("cuda"))
    assert model.dilation == (1, 1)
