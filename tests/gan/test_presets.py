"""The GPU-sized generators of the configuration: they build, learn from others than they serve, and take a step."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import yaml

from anonbench.code import ROOT
from anonbench.config import load
from anonbench.gan.condition import View, conditions
from anonbench.gan.recipes import recipe_class
from anonbench.gan.weights import Shape, build

PRESETS = yaml.safe_load((ROOT / "config" / "generators-gpu.yaml").read_text())["generators"]
DATASETS = ("coco", "crowdpose", "cityscapes", "bdd100k", "wider_face")


def test_each_region_of_each_dataset_is_served_by_one_that_learns_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    raw = copy.deepcopy(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    raw["datasets"] |= {name: {"format": "pennfudan"} for name in DATASETS}
    raw["generators"] |= PRESETS
    config = load(raw)
    for name in set(DATASETS) - {"wider_face"}:
        for region in ("face", "body"):
            generator = config.generators[config.generators_for(name, region, "style_unet")[0]]
            assert name != generator.learns.dataset
    assert {(g.region, g.width, g.height) for n, g in config.generators.items() if n in PRESETS} == {
        ("face", 128, 128), ("face", 256, 256), ("body", 160, 288),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("size", "region", "keypoints", "parameters"),
    [((128, 128), "face", 0, 26_443_220), ((256, 256), "face", 0, 36_027_864), ((160, 288), "body", 17, 26_604_244)],
)
def test_parameters_are_those_that_the_documentation_says(
    size: tuple[int, int], region: str, keypoints: int, parameters: int
) -> None:
    shape = Shape(network="style_unet", region=region, width=size[0], height=size[1], channels=64, keypoints=keypoints)
    with torch.device("meta"):
        network = build(shape)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters
    assert f"{parameters / 1e6:.1f}" in (ROOT / "docs" / "generators.md").read_text()


@pytest.mark.parametrize("number", [0, 3])
def test_a_body_of_288_by_160_px_takes_a_step_at_half_and_at_full_size(number: int) -> None:
    """Narrow, so that it is quick: the sizes are what could fail."""
    rng = np.random.default_rng(0)
    fill = np.zeros((288, 160), bool)
    fill[40:250, 40:120] = True
    image = rng.integers(0, 256, (288, 160, 3), dtype=np.uint8)
    views = [View(image, fill, ~fill, fill, np.full((17, 3), 60.0), True)] * 2
    given = conditions(views, np.zeros(2), [rng] * 2)
    shape = Shape(network="style_unet", region="body", width=160, height=288, channels=2, keypoints=17)
    recipe = recipe_class("style_unet")(shape, 4)
    before = [parameter.detach().clone() for parameter in recipe.generator.parameters()]
    real = torch.from_numpy(image).permute(2, 0, 1)[None].repeat(2, 1, 1, 1) / 127.5 - 1
    losses = recipe.step(number, given, real, torch.Generator().manual_seed(0))
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert any(not torch.equal(a, b) for a, b in zip(before, recipe.generator.parameters(), strict=True))
