"""Latent codes: where they lie on people, what they say of them, and how new ones are mixed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from anonbench.generators.condition import View, conditions
from anonbench.generators.files import build
from anonbench.generators.generator import drawn
from anonbench.generators.kinds.style_unet.codes import CODE, Wardrobe, mixed
from anonbench.generators.kinds.style_unet.hyperparameters import CodeMixing
from anonbench.generators.kinds.style_unet.places import FINEST, Places, on_bodies
from anonbench.generators.resample import resized
from anonbench.generators.shape import Shape
from anonbench.regions.anatomy import standing_bones
from tests.helpers.standing import NAMES, PLACES

GRID = 4, 2


def person(*rows: tuple[int, int, int, int], height: int = 32, width: int = 20) -> torch.Tensor:
    """(1, 1, H, W) of 0 and 1: a person of boxes of top, bottom, left, right."""
    mask = torch.zeros(1, 1, height, width)
    for top, bottom, left, right in rows:
        mask[:, :, top:bottom, left:right] = 1
    return mask


def test_a_cell_has_the_mean_colour_of_its_part_of_the_person_and_of_nothing_else() -> None:
    outline = person((8, 24, 6, 14))
    images = torch.rand(1, 3, 32, 20, generator=torch.Generator().manual_seed(0))
    found = on_bodies(outline, outline, GRID).pooled(images)
    assert found.shape == (1, 3, *GRID)
    changed = torch.where(outline.bool(), images, torch.rand(images.shape))
    assert torch.equal(on_bodies(outline, outline, GRID).pooled(changed), found)
    stripes = torch.zeros(1, 3, 32, 20)
    stripes[:, 0, :16], stripes[:, 1, :, 10:] = 1, 1
    found = on_bodies(outline, outline, GRID).pooled(stripes)[0]
    assert (found[0, 0] > 0.99).all() and (found[0, -1] < 0.01).all()
    assert (found[1, :, 1] > 0.8).all() and (found[1, :, 0] < 0.2).all()  # neighbours share their border
    assert not found[2].any()


def test_a_code_is_laid_from_edge_to_edge_of_any_outline() -> None:
    code = torch.arange(8.0).view(1, 1, *GRID)
    for outline in (person((0, 32, 0, 20)), person((8, 24, 6, 14)), person((4, 16, 2, 8), (16, 28, 12, 18))):
        laid = on_bodies(outline, outline, GRID).laid(code)[0, 0]
        rows = outline[0, 0].any(1).nonzero().flatten()
        for row, expected in ((rows[0], (0, 1)), (rows[-1], (6, 7))):
            columns = outline[0, 0, row].nonzero().flatten()
            assert laid[row, columns[0]].item() == pytest.approx(expected[0], abs=0.3)
            assert laid[row, columns[-1]].item() == pytest.approx(expected[1], abs=0.3)


def test_what_is_laid_out_is_pooled_again() -> None:
    code = torch.randn(1, 3, *GRID, generator=torch.Generator().manual_seed(0)).cumsum(2).cumsum(3)
    places = on_bodies(*[person((0, 64, 4, 36), height=64, width=40)] * 2, GRID)
    assert torch.corrcoef(torch.stack([places.pooled(places.laid(code)).flatten(), code.flatten()]))[0, 1] > 0.95


def posed(outline: torch.Tensor, **moved: tuple[float, float] | None) -> Places:
    """The grid of somebody who stands but for some joints (x, y) px, or without those."""
    joints = {name: place / 2 for name, place in zip(NAMES, PLACES, strict=True)} | moved
    keypoints = np.array([(0, 0, 0) if place is None else (*place, 2) for place in joints.values()], float)
    blank = np.zeros(outline.shape[2:], bool)
    view = View(np.zeros((*blank.shape, 3), np.uint8), blank, ~blank, blank, keypoints, False)
    given = conditions([view], np.zeros(1), [np.random.default_rng(0)])
    bones, standing = map(torch.from_numpy, standing_bones(NAMES))
    return on_bodies(outline, outline, Wardrobe.GRID, given.heat, bones, standing)


def where(places: Places, x: float, y: float) -> tuple[float, float]:
    """How far down and across the grid a pixel of the window is, in 0..1."""
    rows, columns = Wardrobe.GRID
    code = torch.stack(torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij"))[None].float()
    laid = resized(places.laid(code), (128, 96))[0, :, int(y), int(x)]
    return (laid[0].item() + 0.5) / rows, (laid[1].item() + 0.5) / columns


def test_where_joints_are_known_a_limb_keeps_its_cells_wherever_it_points() -> None:
    outline = person((4, 112, 10, 90), height=128, width=96)
    stands = posed(outline)
    for x, y, down, across in ((50, 14, 0.06, 0.5), (64, 57, 0.5, 0.92), (41, 101, 0.95, 0.3), (50, 40, 0.33, 0.5)):
        assert where(stands, x, y) == pytest.approx((down, across), abs=0.08)
    raised = posed(outline, left_elbow=(72, 14), left_wrist=(84, 6))
    assert where(raised, 84, 6) == pytest.approx(where(stands, 64, 58), abs=0.04)
    assert where(raised, 78, 10) == pytest.approx(where(stands, 63.5, 51), abs=0.06)
    assert where(raised, 41, 101) == pytest.approx(where(stands, 41, 101), abs=0.02)


def test_a_posed_cell_has_the_colour_of_its_limb_and_little_of_what_is_beside_it() -> None:
    outline = person((0, 128, 0, 96), height=128, width=96)
    places = posed(outline, left_elbow=(76, 28), left_wrist=(90, 28))
    images = torch.zeros(1, 1, 128, 96)
    images[:, :, 25:32, 66:] = 1  # the sleeve
    sleeve = places.laid(places.pooled(images))[0, 0]
    scale = 128 // sleeve.shape[0]
    assert sleeve[28 // scale, 84 // scale] > 0.6
    assert sleeve[57 // scale, 36 // scale] < 0.05 and sleeve[100 // scale, 41 // scale] < 0.05


def test_too_few_joints_leave_the_grid_to_the_outline() -> None:
    outline = person((8, 100, 20, 60), height=128, width=96)
    few = posed(outline, **{name: None for name in NAMES if name not in ("left_knee", "left_ankle", "left_hip")})
    plain = on_bodies(outline, outline, Wardrobe.GRID)
    assert torch.equal(few.shares, plain.shares) and torch.equal(few.person, plain.person)


def test_a_cell_without_pixels_takes_its_rows_mean() -> None:
    outline = person((0, 16, 0, 20), (16, 48, 0, 2), (16, 48, 18, 20), height=48)
    images = torch.ones(1, 3, 48, 20)
    images[:, :, 16:, :2], images[:, :, 16:, 18:] = -0.5, 0.5
    last = on_bodies(outline, outline, (3, 5)).pooled(images)[0, 0, 2]
    assert last[[0, 2, 4]].tolist() == pytest.approx([-0.5, 0, 0.5], abs=0.05)


@pytest.mark.parametrize("outline", [torch.zeros(2, 1, 32, 20), torch.full((2, 1, 32, 20), 0.4)])
def test_the_fill_serves_where_there_is_no_outline_and_nobody_is_gray(outline: torch.Tensor) -> None:
    fill = person((8, 24, 6, 14)).repeat(2, 1, 1, 1)
    fill[1] = 0
    found = on_bodies(outline, fill, GRID).pooled(torch.ones(2, 3, 32, 20))
    assert torch.allclose(found[0], torch.ones(3, *GRID), atol=1e-4)
    assert found.isfinite().all() and not found[1].any()


@pytest.mark.parametrize("size", [(32, 32), (256, 128), (288, 160), (128, 64)])
def test_a_gradient_reaches_code_and_image_at_any_size(size: tuple[int, int]) -> None:
    outline = person((3, size[0] - 3, 4, size[1] - 4), height=size[0], width=size[1])
    code, image = torch.zeros(1, 2, *Wardrobe.GRID).requires_grad_(), torch.zeros(1, 2, *size).requires_grad_()
    laid_out = on_bodies(outline, outline, Wardrobe.GRID)
    laid = laid_out.laid(code)
    assert laid.shape[2] <= 2 * FINEST and size[0] % laid.shape[2] == size[1] % laid.shape[3] == 0
    (laid.sum() + laid_out.pooled(image).sum()).backward()
    assert (code.grad > 0).all()
    inside = image.grad[0, 0, 8:-8, 8:-8]
    assert (inside > 0).all() and not image.grad[0, :, :, 0].any()


def test_a_new_person_has_the_head_the_upper_and_the_lower_half_of_others() -> None:
    known = torch.arange(20.0)[:, None, None, None].expand(-1, CODE, *Wardrobe.GRID)
    made = mixed(known, 400, torch.Generator().manual_seed(0), CodeMixing(tint=0, jitter=0))
    assert (made == made[:, :1, :, :1]).all()
    rows = made[:, 0, :, 0]
    assert all(set(rows[:, row].tolist()) == set(range(20)) for row in (0, 4, -1))
    changes = rows.diff(dim=1) != 0
    assert (changes[:, :3].sum(1) <= 1).all() and (changes[:, 3:].sum(1) <= 1).all()
    assert (changes.sum(1) == 2).float().mean() > 0.85


def test_nobody_comes_back_unchanged_and_colours_stay_near() -> None:
    known = torch.randn(5, CODE, 4, 3, generator=torch.Generator().manual_seed(0))
    made = mixed(known, 200, torch.Generator().manual_seed(1), CodeMixing())
    assert torch.cdist(made.flatten(1), known.flatten(1)).min() > 0.01
    assert made.std(0).mean() == pytest.approx(float(known.std(0).mean()), rel=0.3)


@pytest.mark.parametrize("kind", ["style_unet", "context_encoder"])
def test_a_code_depends_on_its_source_alone(kind: str) -> None:
    torch.manual_seed(0)
    generator = build(Shape(kind=kind, region="body", width=32, height=64, channels=4))

    def of(*seeds: int) -> torch.Tensor:
        return drawn(generator, [np.random.default_rng(seed) for seed in seeds])

    together = of(3, 4)
    assert torch.equal(together, torch.cat([of(3), of(4)])) and torch.equal(together, of(3, 4))
    assert torch.equal(*together) == (kind == "context_encoder")
    assert together.shape == ((2, CODE, *Wardrobe.GRID) if kind == "style_unet" else (2, 0))
