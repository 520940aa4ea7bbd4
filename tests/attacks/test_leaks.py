"""The measurement itself: methods that leak on purpose are caught, and noise is not."""

import pytest

from anonbench.common.plugins import use_folders
from tests.helpers.linking import LEAKS, above, attacked

PIXELS = {"embedder": "pixels"}
UNET = {"epochs": 6, "channels": 8}
NETWORK = {"epochs": 15, "width": 8}
# What to miss, and who does not.
CAUGHT = [
    ("leak_pixel", {"over": "black"}, "parrot", {}),
    ("leak_pixel", {"over": "black"}, "adaptive", NETWORK),
    ("leak_pixel", {"over": "noise"}, "parrot", PIXELS),
    ("leak_opacity", {"over": "black"}, "parrot", {}),
    ("leak_opacity", {"over": "black"}, "inversion", {"by": "wiener"}),
    ("leak_opacity", {"over": "black"}, "adaptive", NETWORK),
    ("leak_opacity", {"over": "noise"}, "naive", PIXELS),
    ("leak_clothes", {}, "parrot", PIXELS),
    ("leak_clothes", {}, "inversion", UNET),
]
ATTACKERS = [
    ("naive", {}),
    ("naive", PIXELS),
    ("parrot", {}),
    ("parrot", PIXELS),
    ("inversion", {"by": "wiener"}),
    ("inversion", UNET),
    ("adaptive", NETWORK),
]


@pytest.fixture(autouse=True)
def leaks():
    use_folders([str(LEAKS)])
    yield
    use_folders([])


@pytest.mark.parametrize(("method", "config", "attack", "how"), CAUGHT)
def test_a_method_that_leaks_is_caught(method, config, attack, how):
    risk = above(attack, attacked(method, **config), **how)
    assert risk.low > 0.02 and risk.value > 0.15


@pytest.mark.parametrize(("attack", "how"), ATTACKERS)
def test_random_pixels_are_not_caught(attack, how):
    risk = above(attack, attacked("random_pixels"), **how)
    assert risk.low < 0 < risk.high < 0.2
