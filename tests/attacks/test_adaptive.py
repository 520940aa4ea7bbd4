"""The network that learns across a method."""

import numpy as np
import pytest
import torch

from anonbench.attacks.contrast import DIMENSIONS, Contrast, Encoder, Scale, augmented, contrast
from anonbench.config.plugins import ATTACKS
from tests.helpers.album import case
from tests.helpers.linking import rank1, reached

SMALL = {"epochs": 15, "width": 8}


def faint(image, rng):
    return (0.05 * image).astype(np.uint8)


def noise(image, rng):
    return rng.integers(0, 256, image.shape, np.uint8)


def embeddings(seed, change=faint):
    people = case(change, people=12, each=4)
    network = Contrast(2, 4, "cpu")
    network.learn(people.known, seed)
    return network.embed(people.targets.shown, network.SHOWN)


def test_it_learns_what_remains_and_nothing_of_noise():
    assert rank1(reached("adaptive", case(faint, 30, 4), **SMALL)).values.mean() > 0.9
    assert rank1(reached("adaptive", case(noise, 30, 4), **SMALL)).values.mean() < 0.1


def test_the_same_seed_learns_the_same_and_leaves_others_randomness_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = embeddings(0)
    assert torch.equal(torch.rand(3), expected)
    assert np.array_equal(first, embeddings(0)) and not np.allclose(first, embeddings(1))


def test_a_person_is_described_alike_wherever_they_stand():
    people = case(faint, people=23, each=3)
    network = Contrast(1, 4, "cpu")
    network.learn(people.known, 0)
    shown = people.targets.shown
    last = type(shown)(shown[-2:], "face")
    assert np.array_equal(network.embed(shown, network.SHOWN)[-2:], network.embed(last, network.SHOWN))


def test_mirrored_people_are_described_alike():
    people = case(people=8, each=2)
    network = Contrast(1, 4, "cpu")
    network.learn(people.known, 0)
    network._scales = [Scale(np.zeros((64, 64, 3), np.float32), np.full((64, 64, 3), 255, np.float32))] * 2
    mirrored = case(lambda image, rng: image[:, ::-1], people=8, each=2).targets.shown
    found = [network.embed(album, network.CLEAR) for album in (people.targets.clear, mirrored)]
    np.testing.assert_allclose(*found, atol=1e-5)


def test_the_loss_is_the_supervised_contrast():
    axes = torch.eye(4)
    who = torch.tensor([0, 0, 1, 1])
    together = axes[[0, 0, 1, 1]]  # alike within people, at right angles between them
    assert float(contrast(together, who)) == pytest.approx(np.log(1 + 2 * np.exp(-10)), abs=1e-6)
    assert float(contrast(axes, who)) == pytest.approx(np.log(3), abs=1e-6)
    crossed = axes[[0, 1, 0, 1]]  # each is like somebody else
    assert float(contrast(crossed, who)) == pytest.approx(np.log(2 + np.exp(10)), abs=1e-4)


def test_a_faint_remainder_counts_as_much_as_a_clear_picture():
    rng = np.random.default_rng(0)
    clear = rng.integers(0, 256, (200, 16, 16, 3)).astype(np.uint8)
    dim = (clear * 0.05).astype(np.uint8)
    dim[:, :, 8:] = 40
    scaled = Scale.of(dim)(dim)
    assert scaled[:, :, :8].std() == pytest.approx(1, abs=0.05) and (scaled[:, :, 8:] == 0).all()
    assert Scale.of(dim)(np.full_like(dim[:1], 255)).max() == 5


def test_pictures_are_shifted_mirrored_and_brightened():
    image = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)
    padded = np.pad(image[0], ((1, 1), (1, 1), (0, 0)), mode="edge")
    crops = [padded[y : y + 32, x : x + 32] for y in range(3) for x in range(3)]
    variants = np.stack(crops + [crop[:, ::-1] for crop in crops])
    found = augmented(image.repeat(300, 0), np.random.default_rng(1))
    differences = (found[:, None] - variants).reshape(300, 18, -1)
    nearest = differences.std(2).argmin(1)
    assert set(nearest) == set(range(18)) and (differences.std(2).min(1) < 1e-5).all()
    brightness = differences[np.arange(300), nearest].mean(1)
    assert brightness.std() == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize("size", [(64, 64), (128, 64)])
def test_faces_and_bodies_are_described(size):
    found = Encoder(4, size)(torch.zeros(2, 3, *size), 0)
    assert found.shape == (2, DIMENSIONS) and torch.allclose(found.norm(dim=1), torch.ones(2))


def code(image, rng):
    """A code that nothing clear has, but all photographs of a person share."""
    result = np.zeros_like(image)
    result[20:24, 30:34] = (image[8:16, 8:16].mean((0, 1)) > 128) * np.array([200, 100, 50])
    result[40:44, 30:34] = (image[24:40, 24:40].mean((0, 1)) // 16 * 7919 % 256).astype(np.uint8)
    return result


def test_the_rehearsal_says_what_to_compare_with():
    attack = ATTACKS.create("adaptive", {"attack": "adaptive", **SMALL})
    choices = {}
    for change in (faint, code):
        attack.learn(people := case(change, 30, 4))
        choices[change] = attack._weights
        clear, shown = (attack._network.embed(*which) for which in (
            (people.targets.clear, Contrast.CLEAR), (people.targets.shown, Contrast.SHOWN)
        ))  # fmt: skip
        expected = attack._weights[0] * clear + attack._weights[1] * shown
        np.testing.assert_allclose(attack.gallery(people.targets), expected)
    assert choices[code] == (0, 1)


def test_a_fifth_of_the_people_is_held_back_in_the_rehearsal(monkeypatch):
    taken, judged = [], []
    learn, embed = Contrast.learn, Contrast.embed
    monkeypatch.setattr(Contrast, "learn", lambda self, known, seed: (
        taken.append(set(known.clear.identities)), learn(self, known, seed)
    ))  # fmt: skip
    monkeypatch.setattr(Contrast, "embed", lambda self, people, domain: (
        judged.append(set(people.identities)) or embed(self, people, domain)
    ))  # fmt: skip
    ATTACKS.create("adaptive", {"attack": "adaptive", "width": 4, "epochs": 1}).learn(case(faint, 10, 2))
    assert taken == [set(range(10)) - {0, 5}, set(range(10))] and set(map(frozenset, judged)) == {frozenset({0, 5})}


def test_few_people_are_enough():
    reached("adaptive", case(faint, people=3, each=2), width=4, epochs=1)
