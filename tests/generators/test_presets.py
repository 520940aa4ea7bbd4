"""The GPU-sized generators of the configuration: they learn from others than they serve, build, and take a step."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import yaml

from anonbench.common.root import ROOT
from anonbench.config.config import Config, read_config, with_defaults
from anonbench.config.generators import GeneratorConfig
from anonbench.config.plugins import KINDS
from anonbench.generators.condition import View, conditions
from anonbench.generators.files import build
from anonbench.generators.shape import Shape
from tests.helpers.standing import NAMES as JOINTS

# Region, width, height, channels of what is used -> parameters.
PARAMETERS = {
    ("face", 128, 128, 64): 26_407_444,
    ("face", 256, 256, 64): 35_987_480,
    ("body", 160, 288, 64): 26_568_468,
}


@pytest.fixture
def paper(monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.chdir(ROOT)
    study = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text(encoding="utf-8"))
    return read_config(with_defaults(study, ROOT / "config" / "config.yaml"))


def asked(paper: Config) -> set[tuple[str, str]]:
    """Every dataset and region of the study."""
    return {(name, region) for block in paper.study for name in block.datasets for region in block.regions}


def used(paper: Config) -> list[GeneratorConfig]:
    """The generator of each of them."""
    found = []
    for name, region in sorted(asked(paper)):
        (generator,) = paper.generators_for(name, region, "style_unet")
        found.append(paper.generators[generator])
    return found


def shape_of(config: GeneratorConfig) -> Shape:
    return Shape.of(config, JOINTS if config.region == "body" else ())


def test_people_are_replaced_from_images_that_no_model_is_trained_on(paper: Config) -> None:
    pairs = sorted(asked(paper))
    assert ("wider_face", "body") not in pairs and len(pairs) == 2 * len({name for name, _ in pairs}) - 1
    for (name, _), generator in zip(pairs, used(paper), strict=True):
        for learns in generator.learns:
            if learns.dataset == name:
                assert learns.split == "generator" and paper.datasets[name].generator_share > 0


def test_a_preset_has_as_many_parameters_as_its_size_asks_for(paper: Config) -> None:
    found = {}
    for config in used(paper):
        with torch.device("meta"):
            network = build(shape_of(config))
        size = config.region, config.width, config.height, config.channels
        found[size] = sum(parameter.numel() for parameter in network.parameters())
    assert found == PARAMETERS


@pytest.mark.parametrize("number", [0, 3])
def test_a_body_of_288_by_160_px_takes_a_step_at_half_and_at_full_size(number: int, paper: Config) -> None:
    """Narrow, so that it is quick: the sizes are what could fail."""
    body = next(config for config in used(paper) if config.region == "body").model_copy(update={"channels": 2})
    shape = shape_of(body)
    assert shape.size == (160, 288)
    rng = np.random.default_rng(0)
    fill = np.zeros((288, 160), bool)
    fill[40:250, 40:120] = True
    image = rng.integers(0, 256, (288, 160, 3), dtype=np.uint8)
    views = [View(image, fill, ~fill, fill, np.full((17, 3), 60.0), True)] * 2
    given = conditions(views, np.zeros(2), [rng] * 2)
    training = KINDS.create(body.kind, body).training(shape, 4)
    before = [parameter.detach().clone() for parameter in training.generator.parameters()]
    real = torch.from_numpy(image).permute(2, 0, 1)[None].repeat(2, 1, 1, 1) / 127.5 - 1
    losses = training.step(number, given, real, torch.Generator().manual_seed(0))
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert any(not torch.equal(a, b) for a, b in zip(before, training.generator.parameters(), strict=True))
