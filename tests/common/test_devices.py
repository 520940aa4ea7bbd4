"""Where torch computes: pointwise convolutions take another kernel, and are the same."""

from __future__ import annotations

import torch
from torch import nn

from anonbench.common.devices import use_onednn_for_1x1_convolutions


def test_1x1_convolutions_on_onednn_compute_the_same_with_the_same_weights() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1), nn.Conv2d(4, 4, 1, stride=2), nn.Conv2d(4, 2, 1))
    images, names = torch.randn(2, 3, 11, 9), list(model.state_dict())
    expected = model(images)
    assert use_onednn_for_1x1_convolutions(model, "cpu") is model
    assert [layer.dilation for layer in model] == [(1, 1), (2, 2), (1, 1), (2, 2)]
    torch.testing.assert_close(model(images), expected)
    assert list(model.state_dict()) == names


def test_a_model_on_a_gpu_stays_as_it_is() -> None:
    model = nn.Conv2d(3, 3, 1)
    use_onednn_for_1x1_convolutions(model, torch.device("cuda"))
    assert model.dilation == (1, 1)
