"""The style generator's network: what bounds its signal, and how a code reaches the image."""

from __future__ import annotations

import numpy as np
import torch

from anonbench.generators.condition import View, conditions
from anonbench.generators.files import build
from anonbench.generators.kinds.style_unet.codes import CODE, PALETTE, Wardrobe
from anonbench.generators.kinds.style_unet.network import STYLE, ModulatedConv
from anonbench.generators.shape import Shape


def test_a_modulated_convolution_gives_as_much_for_a_stronger_signal() -> None:
    torch.manual_seed(0)
    layer, x = ModulatedConv(8, 16), torch.randn(3, 8, 12, 10)
    style, noise = torch.randn(3, STYLE), torch.zeros(3, 1, 12, 10)
    made = layer(x, style, noise)
    assert torch.allclose(layer(x * torch.tensor([0.01, 1, 1000])[:, None, None, None], style, noise), made, atol=1e-3)
    assert 0.5 < made.std() < 2
    assert torch.allclose(layer(x[:1], style[:1], noise[:1]), made[:1], atol=1e-5)


def test_a_cells_colour_reaches_its_own_place_on_the_person() -> None:
    outline = np.zeros((128, 64), bool)
    outline[8:120, 16:48] = True
    view = View(np.zeros((128, 64, 3), np.uint8), outline, ~outline, outline, np.zeros((0, 3)), True)
    given = conditions([view], np.zeros(1), [np.random.default_rng(0)])
    torch.manual_seed(0)
    generator = build(Shape(kind="style_unet", region="body", width=64, height=128, channels=4)).eval()
    rows, columns = Wardrobe.GRID
    code, noise = torch.zeros(1, CODE, rows, columns), torch.zeros(1, 1, 128, 64)
    changed = code.clone()
    changed[:, 0, rows // 2, 0] = 1
    with torch.no_grad():
        one, two = (generator(given, c, noise)[0, :PALETTE] for c in (code, changed))
    red = (two - one)[0] * torch.from_numpy(outline)
    row, column = divmod(int(red.argmax()), 64)
    assert 8 + 112 * (rows // 2) / rows <= row <= 8 + 112 * (rows // 2 + 1) / rows
    assert 16 <= column < 16 + 32 * 2 / columns
