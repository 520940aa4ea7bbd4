"""The measures: exact where they can be computed otherwise, and sensitive to what they are named after."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import linalg

from anonbench.generators.quality import frechet, measure
from tests.helpers.people import crops_of, write_people

CPU = torch.device("cpu")


def test_frechet_agrees_with_its_definition() -> None:
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(200, 6)), rng.normal(size=(150, 6)) @ rng.normal(size=(6, 6)) + 0.5
    a, b = np.cov(one, rowvar=False), np.cov(two, rowvar=False)
    expected = ((one.mean(0) - two.mean(0)) ** 2).sum() + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert frechet(torch.from_numpy(one), torch.from_numpy(two)) == pytest.approx(expected)


def test_frechet_of_the_same_is_zero_and_of_a_shift_its_square() -> None:
    one = torch.randn(9, 40, generator=torch.Generator().manual_seed(0), dtype=torch.double)
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet(one, one + 0.5) == pytest.approx(40 * 0.25)


class Copying(torch.nn.Module):
    """Knows the training people by heart: returns the real person of each place."""

    def __init__(self, crops, shift: float) -> None:
        super().__init__()
        height, width = crops.size[1], crops.size[0]
        top, left = (crops.images.shape[1] - height) // 2, (crops.images.shape[2] - width) // 2
        self.images = crops.images[:, top : top + height, left : left + width]
        self.known = [image[:8].tobytes() for image in self.images]
        self.shift = shift

    def draw(self, count, random):
        return torch.randn(count, 4, generator=random)

    def forward(self, given, code, noise):
        count, _, height, width = given.planes.shape
        found = []
        for planes in given.planes:
            known = planes[4].bool().numpy()
            shown = ((planes[:3].permute(1, 2, 0).numpy() + 1) * 127.5).round()
            costs = [np.abs(shown[known] - image[known]).sum() for image in self.images]
            found.append(self.images[int(np.argmin(costs))])
        images = torch.from_numpy(np.stack(found).transpose(0, 3, 1, 2) / 127.5 - 1).float()
        return torch.cat([images + self.shift * code[:, :3, None, None], torch.ones_like(images[:, :1])], 1)


def test_a_generator_that_copies_is_found_out(tmp_path) -> None:
    files = write_people(tmp_path, images=6)
    crops = crops_of(files, (32, 64))
    copies = measure(Copying(crops, 0.0), crops, 0, CPU)
    assert copies.people == 12
    assert copies.nearest_training_crop == pytest.approx(0, abs=1e-5)
    assert copies.nearest_is_own == 1
    assert copies.diversity == pytest.approx(0, abs=1e-6)
    assert copies.frechet_mobilenet_v2 == pytest.approx(0, abs=1e-3)
    assert copies.context_error == pytest.approx(copies.context_error_real)
    others = measure(Copying(crops, 0.5), crops, 0, CPU)
    assert others.diversity > 0.01
    assert others.nearest_training_crop > copies.nearest_training_crop + 1e-3
    assert others.frechet_mobilenet_v2 > copies.frechet_mobilenet_v2
