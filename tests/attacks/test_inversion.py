"""Pictures that are restored, and people who are linked by them."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from anonbench.attacks.people import GREY, Album, Pairs, Photograph
from anonbench.attacks.restoring import variation
from anonbench.attacks.restoring.pictures import BEST, extended, psnr, same_pictures, with_pictures
from anonbench.attacks.restoring.unet import UNet
from anonbench.attacks.restoring.variation import Variation, invertible
from anonbench.attacks.restoring.wiener import Wiener
from anonbench.config.plugins import ATTACKS, METHODS
from anonbench.variants.recipe import Recipe
from tests.helpers.album import case
from tests.helpers.linking import attacked, control, rank1, reached

BLUR = {"sigma": 0.1}


def restored(people, restorer):
    restorer.learn(people)
    return Pairs(people.targets.clear, with_pictures(people.targets.shown, restorer.restored(people.targets.shown)))


def picture(image, mask):
    return Photograph(image, mask, 8.0, 0)


def test_the_noise_ratio_is_of_the_pixels_within_the_mask():
    mask = np.zeros((64, 64), bool)
    mask[:, :32] = True
    clear, shown = np.full((64, 64, 3), 100, np.uint8), np.full((64, 64, 3), 110, np.uint8)
    shown[~mask] = 0
    pair = Pairs(Album([picture(clear, mask)] * 2, "face"), Album([picture(shown, mask), picture(clear, mask)], "face"))
    assert psnr(pair) == pytest.approx((10 * np.log10(255**2 / 10**2) + BEST) / 2)
    assert not same_pictures(pair) and same_pictures(Pairs(pair.clear, pair.clear))


def test_a_picture_continues_beyond_its_mask():
    image = np.arange(25, dtype=np.uint8).reshape(5, 5, 1).repeat(3, 2)
    mask = np.zeros((5, 5), bool)
    mask[1:3, 1:3] = True
    found = extended(image, mask)[..., 0]
    assert found[[0, 0, 4, 4], [0, 4, 0, 4]].tolist() == [6, 7, 11, 12]  # the corners repeat the mask's
    assert np.array_equal(found[mask], image[mask][:, 0])
    assert np.array_equal(extended(image, mask & False), image)


def test_what_is_around_the_region_stays_as_it_is_shown():
    people = case().targets.shown
    found = with_pictures(people, np.full((len(people), 64, 64, 3), 7, np.uint8))
    assert (found.images()[found.masks()] == 7).all() and (found.images()[~found.masks()] == GREY).all()
    assert found[0].side == people[0].side and found[0].identity == people[0].identity


@pytest.mark.parametrize(
    ("method", "config", "restorer", "gain"),
    [
        ("blur", {"sigma": 0.05}, Wiener(), 1.5),
        ("blur", {"sigma": 0.05}, Variation(), 2.0),
        ("blur", {"sigma": 0.05}, UNet(epochs=20, channels=8), 3.0),
        ("pixelate", {"cells": 8}, Wiener(), 2.0),
        ("pixelate", {"cells": 8}, Variation(), 0.2),
    ],
)
def test_what_a_method_took_is_partly_restored(method, config, restorer, gain):
    people = attacked(method, people=24, each=2, **config)
    assert psnr(restored(people, restorer)) > psnr(people.targets) + gain


def test_a_faint_remainder_is_restored_to_its_full_contrast():
    people = case(lambda image, rng: (0.05 * image).astype(np.uint8), people=12, each=2)
    assert psnr(people.targets) < 8 and psnr(restored(people, Wiener())) > 20


def test_people_are_linked_by_restored_pictures_who_are_not_by_blurred_ones():
    people = attacked("blur", **BLUR)
    naive = rank1(reached("naive", people)).values.mean()
    outcome = reached("inversion", people, by="wiener")
    assert rank1(outcome).values.mean() > naive + 0.3
    assert outcome.figures["psnr_restored"] > outcome.figures["psnr_shown"] + 1
    assert outcome.figures["psnr_shown"] == pytest.approx(psnr(people.targets))


@pytest.mark.parametrize("by", ["wiener", "tv", "unet"])
def test_nothing_is_restored_where_nothing_was_anonymized(by):
    people = case()
    outcome = reached("inversion", people, by=by, metric="none", embedder="imagenet")
    assert outcome.linked == reached("naive", people).linked
    assert outcome.figures == {"psnr_shown": BEST, "psnr_restored": BEST}


def test_a_network_learns_from_the_control_as_well():
    """It is the attack's own control: what a network makes of outlines alone."""
    inversion = ATTACKS.create("inversion", {"attack": "inversion", "epochs": 1, "channels": 8})
    inversion.learn(people := control(20, 2))
    assert inversion.figures(people.targets)["psnr_restored"] > inversion.figures(people.targets)["psnr_shown"] + 3


@pytest.mark.parametrize(
    ("plugin", "config", "inverted"),
    [
        ("blur", BLUR, True),
        ("pixelate", {"cells": 8}, True),
        ("mask_out", {"grow": 0}, False),
        ("inpaint", {"grow": 0}, False),
        ("gan", {"grow": 0, "coarseness": 0}, False),
        ("external", {"command": ["true", "{images}", "{output}"]}, False),
    ],
)
def test_only_what_can_be_run_again_and_shows_something_is_inverted(plugin, config, inverted):
    assert (invertible(Recipe(method="x", plugin=plugin, config=config)) is not None) == inverted
    assert invertible(None) is None


def test_a_method_that_learned_is_not_inverted(monkeypatch):
    """It would need its generators."""
    recipe = Recipe(method="x", plugin="blur", config=BLUR)
    monkeypatch.setattr(METHODS["blur"], "learned", True)
    assert invertible(recipe) is None


def test_total_variation_leaves_what_it_cannot_invert():
    people = attacked("mask_out", people=2, each=2, grow=0)
    (variation := Variation()).learn(people)
    assert np.array_equal(variation.restored(people.targets.shown), people.targets.shown.images())


def test_a_large_window_is_restored_at_a_bounded_size(monkeypatch):
    people = attacked("blur", people=1, each=1, **BLUR).targets.shown
    large = [replace(one, image=one.image.repeat(8, 0).repeat(8, 1), mask=one.mask.repeat(8, 0).repeat(8, 1))
             for one in people]  # fmt: skip
    sizes = []
    anonymize = variation.anonymize
    monkeypatch.setattr(variation, "anonymize", lambda m, i, r: sizes.append(i.shape) or anonymize(m, i, r))
    (one := Variation()).learn(attacked("blur", people=1, each=1, **BLUR))
    assert one.restored(Album(large, "face")).shape == (1, 64, 64, 3)
    assert set(sizes) == {(160, 160, 3)}


def test_the_same_seed_restores_the_same():
    people = attacked("blur", people=10, each=2, **BLUR)

    def pictures(seed):
        torch.rand(1)  # what others draw has no part in it
        return restored(replace(people, seed=seed), UNet(epochs=1, channels=4)).shown.images()

    first = pictures(0)
    assert np.array_equal(first, pictures(0)) and not np.array_equal(first, pictures(1))


def test_albums_are_restored_once(monkeypatch):
    calls = []
    restore = Wiener.restored
    monkeypatch.setattr(Wiener, "restored", lambda self, people: calls.append(len(people)) or restore(self, people))
    reached("inversion", attacked("blur", people=10, each=3, **BLUR), by="wiener")
    assert calls == [30, 30]
