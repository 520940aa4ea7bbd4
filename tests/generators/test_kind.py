"""A user's own kind of generator: it is found in a folder, trained, read again, and replaces people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from anonbench.common.errors import UserError
from anonbench.common.files import read_json
from anonbench.common.plugins import use_folders
from anonbench.config.plugins import KINDS
from anonbench.generators.files import build
from anonbench.generators.shape import Shape
from anonbench.generators.synthesizer import Synthesizer
from anonbench.regions.patch import Patch
from tests.helpers.people import NAMES, generator_config, person, picture, train, write_people

TOY = '''
from typing import Literal

from anonbench.config.generators import GeneratorConfig
from anonbench.generators.kind import Kind


class ToyConfig(GeneratorConfig):
    kind: Literal["{name}"] = "{name}"
    rate: float = 0.01


class Toy(Kind):
    """One convolution."""

    Config = ToyConfig

    @staticmethod
    def network(shape):
        import torch
        from anonbench.generators.generator import Generator

        class Network(Generator):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Conv2d(6 + 1 + 2, 4, 5, padding=2)

            def draw(self, count, random):
                return torch.randn(count, 2, generator=random)

            def forward(self, given, code, noise):
                codes = code[:, :, None, None].expand(-1, -1, *noise.shape[2:])
                made = self.layer(torch.cat([given.planes, noise, codes], 1))
                return torch.cat([made[:, :3], torch.sigmoid(made[:, 3:])], 1)

        return Network()

    def training(self, shape, steps, perceptual=None):
        import torch
        from anonbench.generators.losses import inside
        from anonbench.generators.training import Training, descend

        kind = self

        class Learning(Training):
            coarseness = 0.0, 0.02

            def __init__(self):
                super().__init__(steps, perceptual)
                self.generator = kind.network(shape)
                self.optimizers["all"] = torch.optim.SGD(self.generator.parameters(), kind.config.rate)

            @property
            def trained(self):
                return self.generator.eval()

            def step(self, number, given, real, random):
                code = self.generator.draw(len(real), random)
                made = given.composite(self.generator(given, code, self.normal(random, len(real), 1, *real.shape[2:])))
                loss = inside((made - real).abs(), given.fill)
                descend(self.optimizers["all"], loss)
                return {{"l1": loss.detach()}}

        return Learning()
'''


@pytest.fixture(params=["toy_file.py", "toy_folder/__init__.py"])
def toy(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "plugins" / "kinds" / request.param
    file.parent.mkdir(parents=True)
    name = request.param.partition("/")[0].removesuffix(".py")
    file.write_text(TOY.format(name=name))
    use_folders([str(tmp_path / "plugins")])
    yield name
    use_folders([])


def test_it_is_trained_and_replaces_people(toy: str, tmp_path: Path) -> None:
    assert toy in KINDS.names() and {"style_unet", "context_encoder"} < set(KINDS.names())
    files = write_people(tmp_path / "people")
    early, late = (train(files, tmp_path / str(n), toy, epochs=n, rate=0.05) for n in (1, 15))
    errors = [read_json(out / "log.json")["snapshots"][-1]["losses"]["l1"] for out in (early, late)]
    assert errors[1] < 0.8 * errors[0]
    synthesizer = Synthesizer(late / "generator.safetensors", "cpu")
    assert (synthesizer.shape.kind, synthesizer.shape.keypoint_names) == (toy, tuple(NAMES))
    synthesizer.expect(NAMES)
    region = person(50, 10, 70)
    image = picture([region], np.random.default_rng(0))
    patch = Patch(
        image=np.where(region.mask[..., None], np.uint8(0), image),
        mask=region.mask,
        outline=region.mask,
        hidden=region.mask,
        box=region.box,
        side=70.0,
        keypoints=region.keypoints,
        exact=True,
        rng=np.random.default_rng(0),
    )
    (filled,) = synthesizer.fill_all([patch], 0.01)
    assert filled.shape == image.shape and filled.dtype == np.uint8
    assert (filled[region.mask] > 0).all(-1).mean() > 0.9


def test_its_own_keys_are_checked(toy: str) -> None:
    assert generator_config(toy, rate=0.5).learning()["rate"] == 0.5
    with pytest.raises(UserError, match="generators.mine.rat: nothing reads it. Did you mean 'rate'?"):
        KINDS.config(toy, generator_config(toy).model_dump() | {"rat": 1}, "generators.mine")


def test_texture_is_a_key_of_the_style_generator_alone() -> None:
    assert generator_config("style_unet", texture="mean").texture == "mean"
    assert generator_config("style_unet").texture == "spread"
    with pytest.raises(UserError, match="texture: nothing reads it"):
        generator_config("context_encoder", texture="mean")


def test_a_training_depends_on_a_weight_files_content_and_not_on_its_place() -> None:
    def learning(**vgg16: str) -> dict:
        return generator_config(vgg16=vgg16).learning()

    here, moved = (learning(file=path, sha256="0" * 64) for path in ("a.pth", "elsewhere/b.pth"))
    assert here == moved != learning(file="a.pth", sha256="1" * 64)


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"serves": ["others"]}, True),
        ({"trained": "elsewhere.safetensors"}, True),
        ({"epochs": 5}, False),
        ({"seed": 4}, False),
        ({"texture": "mean"}, False),
    ],
)
def test_who_is_served_does_not_train_again(changes: dict, same: bool) -> None:
    assert (generator_config(**changes).learning() == generator_config().learning()) == same


@pytest.mark.parametrize("kind", ["style_unet", "context_encoder"])
def test_a_kind_builds_the_network_that_its_training_trains(kind: str) -> None:
    config = generator_config(kind)
    shape = Shape.of(config, NAMES)
    assert (shape.kind, shape.size, shape.channels, shape.keypoints) == (kind, (32, 64), 4, 3)
    trained = KINDS.create(kind, config).training(shape, 10).trained
    torch.manual_seed(0)
    assert [(k, v.shape) for k, v in build(shape).state_dict().items()] == [
        (k, v.shape) for k, v in trained.state_dict().items()
    ]
