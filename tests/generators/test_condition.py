"""What a generator sees: never a pixel that it must not know."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anonbench.common.files import read_json, write_json
from anonbench.generators.condition import View, conditions
from anonbench.generators.crops import sample_views
from anonbench.generators.files import build
from anonbench.generators.shape import Shape
from tests.helpers.people import NAMES, crops_of, person, write_people


def view(image: np.ndarray | None = None, exact: bool = True) -> View:
    region = person(16, 10, 44, (64, 32))
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (64, 32, 3), dtype=np.uint8) if image is None else image
    known = ~region.mask
    known[:, :5] = False  # hidden, or outside of the image
    return View(image, region.mask, known, region.mask, region.keypoints, exact)


def test_planes_hold_the_known_pixels_and_nothing_else() -> None:
    made = view()
    planes = conditions([made], np.zeros(1), [np.random.default_rng(0)]).planes[0].numpy()
    assert planes.shape == (6, 64, 32)
    expected = (made.image / 127.5 - 1).transpose(2, 0, 1) * made.known
    assert np.abs(planes[:3] - expected).max() < 1e-6
    assert (planes[3] == made.fill).all()
    assert (planes[4] == made.known).all()
    assert (planes[5] == made.outline).all()


def test_a_keypoint_peaks_where_it_is_and_an_unseen_one_nowhere() -> None:
    made = view()
    made.keypoints[2, 2] = 0
    heat = conditions([made], np.zeros(1), [np.random.default_rng(0)]).heat[0].numpy()
    assert heat.shape == (3, 16, 8)
    assert not heat[2].any()
    for peak, (x, y, _) in zip(heat[:2], made.keypoints[:2], strict=True):
        row, col = np.unravel_index(peak.argmax(), peak.shape)
        assert abs(4 * col + 2 - x) <= 2
        assert abs(4 * row + 2 - y) <= 2


def test_a_coarser_condition_says_less_of_outline_and_pose() -> None:
    made = [view() for _ in range(3)]
    given = conditions(made, np.array([0, 0.02, 0.1]), [np.random.default_rng(i) for i in range(3)])
    sharp = [(outline - given.planes[0, 5]).abs().mean() for outline in given.planes[:, 5]]
    assert sharp[0] == 0 < sharp[1] < sharp[2]
    assert not torch.equal(given.heat[0], given.heat[2])


def test_a_guessed_outline_is_vaguer_and_the_pose_is_not() -> None:
    made = [view(exact=exact) for exact in (True, False)]
    given = conditions(made, np.array([0, 0]), [np.random.default_rng(0) for _ in range(2)])
    differs = (given.planes[0] != given.planes[1]).flatten(1).any(1)
    assert differs.tolist() == [False] * 5 + [True]
    assert torch.equal(*given.heat)


def test_halves_fill_what_any_pixel_fills_and_know_what_all_know() -> None:
    given = conditions([view()], np.zeros(1), [np.random.default_rng(0)])
    half = given.halved()
    blocks = given.planes.unfold(2, 2, 2).unfold(3, 2, 2).flatten(4)
    assert torch.equal(half.fill, blocks[:, 3:4].amax(-1))
    assert torch.equal(half.known, blocks[:, 4:5].amin(-1))
    assert ((half.planes[:, :3] != 0) <= (half.known > 0)).all()
    assert (given.halvings, half.halvings) == (0, 1)


@pytest.mark.parametrize("halve", [False, True])
def test_rolled_conditions_move_together(halve: bool) -> None:
    given = conditions([view()], np.zeros(1), [np.random.default_rng(0)])
    given, stride = (given.halved(), 2) if halve else (given, 4)
    rolled = given.rolled(2 * stride, -stride)
    assert torch.equal(rolled.planes, given.planes.roll((2 * stride, -stride), (2, 3)))
    assert torch.equal(rolled.heat, given.heat.roll((2, -1), (2, 3)))
    assert torch.equal(rolled.ground, given.ground.roll((2 * stride, -stride), (2, 3)))


def test_what_is_made_stands_before_the_ground_and_only_where_to_fill() -> None:
    given = conditions([view()], np.zeros(1), [np.random.default_rng(0)])
    made = torch.full((1, 4, 64, 32), 0.25)
    expected = given.planes[:, :3] + (0.25 * 0.25 + 0.75 * given.ground) * given.fill
    assert torch.equal(given.composite(made), expected)
    assert torch.equal(given.ground * given.known, given.planes[:, :3])


@pytest.mark.parametrize("kind", ["style_unet", "context_encoder"])
def test_a_network_sees_only_known_pixels(kind: str) -> None:
    one = view()
    two = view(np.where(one.known[..., None], one.image, 255 - one.image))
    torch.manual_seed(0)
    shape = Shape(kind=kind, region="body", width=32, height=64, channels=4, keypoint_names=NAMES)
    generator = build(shape).eval()
    for parameter in generator.parameters():
        parameter.data += 0.05 * torch.randn(parameter.shape)
    code, noise = generator.draw(1, torch.Generator()), torch.randn(1, 1, 64, 32)
    with torch.no_grad():
        outputs = [generator(conditions([v], np.zeros(1), [np.random.default_rng(0)]), code, noise) for v in (one, two)]
    assert outputs[0].shape == (1, 4, 64, 32)
    assert torch.equal(*outputs)


def test_views_for_training_never_know_the_person_or_a_hidden_neighbour(tmp_path) -> None:
    files = write_people(tmp_path, images=3)
    crops = crops_of(files, (32, 64), NAMES)
    assert len(crops) == 6
    rng = np.random.default_rng(0)
    views = sample_views(crops, rng.integers(0, 6, 40), (0.0, 0.1), rng)
    for made in views:
        assert made.image.shape == (64, 32, 3)
        assert not (made.fill & made.known).any()
        assert not (made.outline & made.known).any()
        assert (made.outline & ~made.fill).sum() <= 1
    assert len({made.image.tobytes() for made in views}) > 30


def test_nothing_is_learned_from_an_image_with_somebody_who_may_be_anywhere(tmp_path) -> None:
    files = write_people(tmp_path, images=3)
    content = read_json(files["regions"])
    content["images"][1]["regions"].append({"box": [None] * 4, "source": "unlocated"})
    write_json(files["regions"], content)
    crops = crops_of(files, (32, 64), NAMES)
    assert len(crops) == 4
