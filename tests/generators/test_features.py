"""VGG-16 from a file of the user's: only torchvision's, only with the configured hash."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torchvision.models import mobilenet_v2, vgg16

from anonbench.common.errors import UserError
from anonbench.common.files import sha256_file
from anonbench.generators.features import fold_norms, mobilenet_features, vgg_features
from anonbench.generators.kinds.style_unet.training import StyleUnetTraining
from anonbench.generators.shape import Shape
from tests.helpers.people import train, write_people


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vgg") / "vgg16.pth"
    torch.manual_seed(0)
    torch.save({f"features.{name}": value for name, value in vgg16().features.state_dict().items()}, path)
    return path


def test_features_have_the_strides_and_channels_that_they_promise(weights: Path) -> None:
    images = torch.zeros(1, 3, 64, 32)
    for features, strides in (
        (mobilenet_features(), (4, 8, 16, 32)),
        (vgg_features(weights, sha256_file(weights)), (1, 2, 4, 8)),
    ):
        maps = features.train()(images)
        assert [tuple(x.shape[1:]) for x in maps] == [
            (c, 64 // s, 32 // s) for c, s in zip(features.channels, strides, strict=True)
        ]
        assert not any(module.training for module in features.modules())
        assert not any(parameter.requires_grad for parameter in features.parameters())


def test_folded_norms_change_nothing_but_their_number() -> None:
    torch.manual_seed(0)
    layers = mobilenet_v2().features.eval()
    for module in layers.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_mean)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
    images = torch.randn(2, 3, 64, 32)
    expected = layers(images)
    folded = fold_norms(layers)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in folded.modules())
    torch.testing.assert_close(folded(images), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["style_unet", "context_encoder"])
def test_a_generator_can_be_trained_with_it(weights: Path, tmp_path: Path, kind: str) -> None:
    files = write_people(tmp_path / "people", images=2)
    logs = []
    for vgg in (None, {"file": str(weights), "sha256": sha256_file(weights)}):
        out = train(files, tmp_path / str(bool(vgg)), kind, epochs=1, vgg16=vgg)
        logs.append((out / "log.json").read_text())
    assert logs[0] != logs[1]


def test_another_file_is_refused(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not have the configured SHA-256"):
        vgg_features(weights, "0" * 64)
    with pytest.raises(UserError, match=r"none.pth do not exist"):
        vgg_features(tmp_path / "none.pth", "0" * 64)
    for content in (b"no weights", b""):
        path = tmp_path / "other.pth"
        path.write_bytes(content)
        with pytest.raises(UserError, match="does not hold VGG-16 weights"):
            vgg_features(path, sha256_file(path))
    torch.save({"features.0.weight": torch.zeros(3)}, path)
    with pytest.raises(UserError, match="does not hold torchvision's VGG-16"):
        vgg_features(path, sha256_file(path))


def test_a_training_without_it_uses_the_packaged_network() -> None:
    shape = Shape(kind="style_unet", region="face", width=32, height=32, channels=4)
    assert StyleUnetTraining(shape, 1).perceptual is None
