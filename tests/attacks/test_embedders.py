"""What describes people."""

import numpy as np
import pytest
import torch
import torchvision
from sklearn.feature_selection import f_classif
from torchvision.transforms.v2 import functional as F

from anonbench.attacks.batches import batches
from anonbench.attacks.embedders import embedder
from anonbench.attacks.face_networks import FaceNetwork, FaceRes, MobileFaceNet
from anonbench.attacks.metric import _ratios, learn_metric
from anonbench.attacks.people import Album, Photograph
from anonbench.common.errors import UserError
from anonbench.common.packaged_weights import packaged_mobilenet_v2
from anonbench.detect.weights import weights_folder
from tests.helpers.album import case


def one(image, region="face"):
    return Album([Photograph(image, np.ones(image.shape[:2], bool), 64.0, 0)], region)


def test_pixels_are_of_every_scale_with_the_same_weight():
    image = np.full((64, 64, 3), 100, np.uint8)
    flat = embedder("pixels", "cpu")(one(image))[0]
    assert flat[:3].tolist() == [-28, -28, -28] and not flat[3:].any()  # the mean colour relative to grey, then scales
    image[:32] = 200
    halves = embedder("pixels", "cpu")(one(image))[0]
    assert len(halves) == 3 + 3 * sum(side**2 for side in (64, 32, 16, 8, 4, 2))
    scales = np.split(halves[3:], np.cumsum([3 * side**2 for side in (64, 32, 16, 8, 4)]))
    # Half of the picture is 50 above the mean: the pattern has the same energy at every scale.
    assert [(part**2).sum() for part in scales] == pytest.approx([64 * 64 * 3 * 50**2] * 6)
    assert embedder("pixels", "cpu")(one(np.zeros((128, 64, 3), np.uint8), "body")).shape == (
        1,
        3 + 3 * 10_920 + 24 - 24,
    )


def test_imagenet_features_are_those_of_strides_8_and_16_cell_by_cell():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    found = embedder("imagenet", "cpu")(one(image))[0]
    layers = torchvision.models.mobilenet_v2()
    layers.load_state_dict(packaged_mobilenet_v2())
    preset = torchvision.models.MobileNet_V2_Weights.IMAGENET1K_V1.transforms()
    x = F.normalize(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255, preset.mean, preset.std)
    with torch.inference_mode():
        eighth = layers.eval().features[:7](x)
        sixteenth = layers.features[7:14](eighth)
    assert eighth.shape[1:] == (32, 8, 8) and sixteenth.shape[1:] == (96, 4, 4)
    cells = eighth.reshape(32, 4, 2, 4, 2).mean((2, 4)).flatten()
    expected = torch.cat([cells / cells.norm(), sixteenth.flatten() / sixteenth.norm()])
    assert found == pytest.approx(expected.numpy(), abs=2e-4)


def test_single_numbers_are_chosen_by_the_variance_between_people_over_the_one_within():
    rng = np.random.default_rng(0)
    who = np.repeat([3, 5, 8, 9], [2, 3, 4, 6])
    numbers = (
        rng.normal(50, 1, (15, 6)) + np.arange(6) * rng.normal(size=4)[np.searchsorted([3, 5, 8, 9], who)][:, None]
    )
    assert _ratios(numbers, who) == pytest.approx(f_classif(numbers, who)[0] * 3 / 11)


def test_a_code_in_one_number_is_kept_by_a_metric_that_looks_for_codes():
    rng = np.random.default_rng(0)
    who = np.arange(60).repeat(4)
    directions = rng.normal(size=(230, 1000))
    numbers = 100 * rng.normal(size=(240, 230)) @ directions  # nuisance that fills all principal components
    numbers[:, 500] += 3000 * rng.normal(size=60)[who] - numbers[:, 500]

    def ratio(seen):
        between = np.array([seen[who == person].mean(0) for person in range(60)]).std(0)
        within = np.array([seen[who == person].std(0) for person in range(60)]).mean(0)
        return float((between / within).max())

    plain, codes = (learn_metric(numbers, who, 0, codes=codes).transform(numbers) for codes in (False, True))
    assert ratio(codes) > 50 * ratio(plain)


def test_batches_are_all_of_one_size():
    found = list(batches(np.arange(7) + 1, 3))
    assert [(batch.tolist(), count) for batch, count in found] == [([1, 2, 3], 3), ([4, 5, 6], 3), ([7, 0, 0], 1)]


class Halves(FaceNetwork):
    """Describes a face by the mean of its left and its right half."""

    side = 8

    def __init__(self) -> None:
        self.shapes = []
        self._network = self._means

    def _means(self, pictures):
        self.shapes.append(pictures.shape)
        return [np.stack([pictures[:, :, :4].mean((1, 2, 3)), pictures[:, :, 4:].mean((1, 2, 3))], 1) + 1e-9]

    def prepared(self, images):
        return images.astype(np.float32)


def test_a_face_and_its_mirror_image_are_described_together():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, :32] = 90
    network = Halves()
    assert network(one(image))[0] == pytest.approx([1, 1], abs=1e-3)
    assert set(network.shapes) == {(16, 8, 8, 3)}


@pytest.mark.parametrize("network", [MobileFaceNet, FaceRes])
def test_a_face_network_gets_what_it_learned_with(network):
    image = np.zeros((1, 2, 2, 3), np.uint8)
    image[..., 0] = 255  # red
    found = network.prepared(object.__new__(network), image)[0, 0, 0]
    expected = {MobileFaceNet: [127.5 / 128, -127.5 / 128, -127.5 / 128], FaceRes: [-91.4953, -103.8827, 123.9088]}
    assert found == pytest.approx(expected[network]) and found.dtype == np.float32


def test_a_network_of_faces_describes_no_bodies(monkeypatch):
    monkeypatch.setattr("anonbench.attacks.face_networks.MobileFaceNet", Halves)
    embed = embedder("mobilefacenet", "cpu")
    assert embed(case(people=2).targets.clear).shape == (6, 2)
    with pytest.raises(UserError, match="describes faces, not a body") as error:
        embed(case(people=2, region="body").targets.clear)
    assert "imagenet or pixels" in error.value.fix


@pytest.mark.skipif(not (weights_folder() / "MobileFaceNet.tflite").is_file(), reason="its weights are not at hand")
def test_mobilefacenet_loads():
    assert embedder("mobilefacenet", "cpu")(case(people=2).targets.clear).shape == (6, 192)


@pytest.mark.skipif(not (weights_folder() / "faceres.bin").is_file(), reason="its weights are not at hand")
def test_faceres_loads():
    assert embedder("faceres", "cpu")(case(people=2).targets.clear).shape == (6, 1024)
