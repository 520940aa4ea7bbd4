"""Maps at other sizes: products of matrices interpolate as torch does."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from anonbench.generators.resample import interpolation, resized


@pytest.mark.parametrize("size", [(10, 6), (40, 12), (5, 3)])
def test_the_matrices_interpolate_as_torch_does(size: tuple[int, int]) -> None:
    maps = torch.randn(2, 3, 5, 3, generator=torch.Generator().manual_seed(0))
    down, across = (interpolation(a, b, maps.device) for a, b in zip(maps.shape[2:], size, strict=True))
    expected = F.interpolate(maps, size=size, mode="bilinear", align_corners=False)
    torch.testing.assert_close(down @ maps @ across.T, expected)


def test_a_smaller_size_averages() -> None:
    maps = torch.arange(32.0).view(1, 1, 4, 8)
    assert torch.equal(resized(maps, (2, 2)), F.avg_pool2d(maps, (2, 4)))
