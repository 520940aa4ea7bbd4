"""The GPU-sized generators of the configuration: they learn from others than they serve, build, and take a step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import yaml
from snakemake.utils import update_config

from anonbench.config.config import Config, load
from anonbench.datasets.formats.coco_categories import COCO_SIGMAS
from anonbench.generators.condition import View, conditions
from anonbench.generators.files import Shape, build
from anonbench.generators.kinds import training_class
from anonbench.study.needs import needed_generators
from anonbench.workflow.code import ROOT

JOINTS = tuple(COCO_SIGMAS)


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(ROOT)
    raw = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    update_config(raw, yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()))
    return load(raw)


def test_people_are_replaced_from_images_that_no_model_is_trained_on(paper: Config) -> None:
    asked = {(name, region) for block in paper.study for name in block.datasets for region in block.regions}
    assert ("wider_face", "body") not in asked and len(asked) == 2 * len({name for name, _ in asked}) - 1
    for name, region in asked:
        (found,) = paper.generators_for(name, region, "style_unet")
        learns = paper.generators[found].learns
        assert learns.dataset != name or (learns.split == "gan" and paper.datasets[name].gan_share > 0)


def test_the_sizes_are_128_and_256_px_for_faces_and_288_by_160_for_bodies(paper: Config) -> None:
    used = needed_generators(paper).values()
    sizes = {(g.region, g.height, g.width, g.channels) for g in used}
    assert sizes == {("face", 128, 128, 64), ("face", 256, 256, 64), ("body", 288, 160, 64)}


@pytest.mark.parametrize(
    ("size", "region", "names", "parameters"),
    [
        ((128, 128), "face", (), 26_407_444),
        ((256, 256), "face", (), 35_987_480),
        ((160, 288), "body", JOINTS, 26_568_468),
    ],
)
def test_parameters_are_those_that_the_documentation_says(
    size: tuple[int, int], region: str, names: tuple[str, ...], parameters: int
) -> None:
    shape = Shape(network="style_unet", region=region, width=size[0], height=size[1], channels=64, keypoint_names=names)
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
    shape = Shape(network="style_unet", region="body", width=160, height=288, channels=2, keypoint_names=JOINTS)
    recipe = training_class("style_unet")(shape, 4)
    before = [parameter.detach().clone() for parameter in recipe.generator.parameters()]
    real = torch.from_numpy(image).permute(2, 0, 1)[None].repeat(2, 1, 1, 1) / 127.5 - 1
    losses = recipe.step(number, given, real, torch.Generator().manual_seed(0))
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert any(not torch.equal(a, b) for a, b in zip(before, recipe.generator.parameters(), strict=True))
