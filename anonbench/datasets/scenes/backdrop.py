"""What stands behind and below: sky, buildings, trees, ground, and the light of the day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from anonbench.datasets.scenes.identity import CLOTHS, Colour
from anonbench.datasets.scenes.svg import Pen, ellipse, mix, polygon, rect, rgb, shade, smooth

# Numbers of the surface textures (photograph.ROUGHNESS gives their strength).
SMOOTH, CLOTH, PAINT, WALL, GROUND, LEAVES = range(6)

WALLS: tuple[Colour, ...] = (
    (168, 92, 72), (198, 176, 144), (150, 148, 146), (212, 204, 190), (122, 98, 84), (176, 138, 104), (140, 156, 160),
    (206, 170, 150), (104, 112, 122),
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """A camera on level ground, in units of 1/1000 of the image's height.

    ``width`` of the image, ``horizon`` from its top, ``eye`` height of the camera in metres.
    """

    width: float
    horizon: float
    eye: float

    def scale(self, ground: float) -> float:
        """Units per metre for something that stands at the image height ``ground``."""
        return (ground - self.horizon) / self.eye

    def ground(self, scale: float) -> float:
        """Where something of that scale stands."""
        return self.horizon + scale * self.eye


def draw_backdrop(pen: Pen, view: View, rng: np.random.Generator) -> tuple[float, float]:
    """Draw everything behind the objects; returns the image heights (far, near) of the road's edges."""
    kind = ("street", "street", "street", "park", "plaza")[int(rng.integers(5))]
    base = view.ground(float(rng.uniform(70, 118)))
    _sky(pen, view, base, rng)
    if kind == "park":
        _treeline(pen, view, base, rng)
    else:
        _row_of_houses(pen, view, base, rng)
    ground = Pen(0, GROUND, pen.defs)
    road = _ground(ground, view, base, kind, rng)
    pen.take(ground)
    return road


def _gradient(pen: Pen, top: Colour, bottom: Colour) -> str:
    name = pen.define(
        f'<linearGradient id="{{id}}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="{rgb(top)}"/>'
        f'<stop offset="1" stop-color="{rgb(bottom)}"/></linearGradient>'
    )
    return f"url(#{name})"


def _sky(pen: Pen, view: View, base: float, rng: np.random.Generator) -> None:
    tops = ((96, 150, 214), (140, 172, 206), (176, 184, 194), (236, 176, 126), (70, 110, 176))
    bottoms = ((206, 226, 240), (226, 230, 232), (214, 216, 220), (250, 226, 190), (196, 208, 226))
    k = int(rng.integers(len(tops)))
    pen.fill(rect(0, 0, view.width, base), _gradient(pen, tops[k], bottoms[k]), 0)
    for _ in range(int(rng.integers(0, 5))):
        x, y = float(rng.uniform(0, view.width)), float(rng.uniform(20, 240))
        for _ in range(4):
            dx, dy = float(rng.normal(0, 60)), float(rng.normal(0, 12))
            pen.fill(ellipse(x + dx, y + dy, float(rng.uniform(40, 110)), float(rng.uniform(14, 34))), (255, 255, 255),
                     opacity=0.45)  # fmt: skip


def _row_of_houses(pen: Pen, view: View, base: float, rng: np.random.Generator) -> None:
    scale = view.scale(base)
    x = float(rng.uniform(-300, 0))
    while x < view.width:
        width = float(rng.uniform(4.5, 9.5)) * scale
        storeys = int(rng.integers(2, 6))
        _house(pen, x, base, width, storeys, scale, rng)
        x += width + (float(rng.uniform(0, 1.5)) * scale if rng.random() < 0.25 else 0)


def _house(pen: Pen, x: float, base: float, width: float, storeys: int, scale: float, rng: np.random.Generator) -> None:
    wall, smooth_pen = Pen(0, WALL, pen.defs), Pen(0, PAINT, pen.defs)
    colour = WALLS[int(rng.integers(len(WALLS)))]
    colour = tuple(float(np.clip(c + rng.normal() * 10, 0, 255)) for c in colour)
    storey = 3.1 * scale
    top = base - storey * storeys
    wall.fill(rect(x, top, width, base - top), colour, 0)
    if rng.random() < 0.55:
        wall.fill(_joints(x, max(top, 0.0), width, base, 0.17 * scale), shade(colour, 0.8))
    wall.fill(rect(x - 0.1 * scale, top - 0.25 * scale, width + 0.2 * scale, 0.35 * scale), shade(colour, 0.7), 0)
    columns = max(2, int(width / (1.9 * scale)))
    step = width / columns
    frame = shade(colour, 1.5) if rng.random() < 0.6 else shade(colour, 0.5)
    glass = mix((150, 176, 194), (70, 88, 104), float(rng.random()))
    wide, high = step * float(rng.uniform(0.42, 0.6)), storey * float(rng.uniform(0.48, 0.62))
    for row in range(1, storeys):
        y = base - storey * row - storey * 0.82
        if y + high < 0:
            break
        for column in range(columns):
            wx = x + step * (column + 0.5) - wide / 2
            if wx + wide < -4:
                continue
            smooth_pen.fill(rect(wx - 3, y - 3, wide + 6, high + 8), frame, 0)
            lit = rng.random() < 0.12
            smooth_pen.fill(rect(wx, y, wide, high), (250, 214, 140) if lit else glass)
            smooth_pen.fill(polygon([(wx, y), (wx + wide, y), (wx, y + high * 0.8)]), (255, 255, 255), opacity=0.14)
            smooth_pen.fill(rect(wx + wide / 2 - 1.5, y, 3, high), frame)
            if rng.random() < 0.2:
                smooth_pen.fill(rect(wx, y, wide * 0.3, high), (226, 216, 198), opacity=0.8)
    if rng.random() < 0.7:
        _shop(smooth_pen, x, base, width, storey, scale, rng)
    else:
        _front_doors(smooth_pen, x, base, width, storey, columns, colour, glass, frame, rng)
    pen.take(wall)
    pen.take(smooth_pen)


def _joints(x: float, top: float, width: float, base: float, course: float) -> str:
    """The mortar of a brick wall as one path: an SVG pattern takes three times as long."""
    brick, mortar = 2.2 * course, 0.17 * course
    rows = []
    for k in range(1, int((base - top) / course) + 1):
        y = base - k * course
        rows.append(f"M{x:.1f} {y:.1f}h{width:.1f}v{mortar:.1f}h{-width:.1f}Z")
        ticks = int(width / brick - 0.5 * (k % 2))
        start = x + brick * (0.5 + 0.5 * (k % 2))
        rows += [f"M{start + i * brick:.1f} {y:.1f}h{mortar:.1f}v{course:.1f}h{-mortar:.1f}Z" for i in range(ticks)]
    return "".join(rows)


def _shop(pen: Pen, x: float, base: float, width: float, storey: float, scale: float, rng: np.random.Generator) -> None:
    first, second = (CLOTHS[int(k)] for k in rng.choice(len(CLOTHS), 2, replace=False))
    margin = 0.3 * scale
    pen.fill(rect(x + margin, base - storey * 0.92, width - 2 * margin, storey * 0.92), shade(first, 0.55), 0)
    glass = mix((112, 130, 140), (52, 60, 68), float(rng.random()))
    count = max(2, int(width / (2.4 * scale)))
    step = (width - 2.6 * margin) / count
    door = int(rng.integers(count))
    for k in range(count):
        wx = x + 1.3 * margin + k * step
        low = base - (0.05 if k == door else 0.4) * scale
        pen.fill(rect(wx + 3, base - storey * 0.72, step - 6, low - (base - storey * 0.72)), glass)
        pen.fill(polygon([(wx + step * 0.2, base - storey * 0.7), (wx + step * 0.4, base - storey * 0.7),
                          (wx + step * 0.15, low), (wx + 4, low), (wx + 4, base - storey * 0.4)]),
                 (255, 255, 255), opacity=0.16)  # fmt: skip
        for _ in range(3):  # goods behind the glass
            gx = wx + float(rng.uniform(0.1, 0.8)) * step
            size = float(rng.uniform(0.15, 0.45)) * scale
            goods = CLOTHS[int(rng.integers(len(CLOTHS)))]
            pen.fill(rect(gx, low - size, min(size, wx + step - gx - 6), size, 4), shade(goods, 0.7))
    sign_y = base - storey * 0.92
    pen.fill(rect(x + margin, sign_y, width - 2 * margin, storey * 0.17), first)
    letter = storey * 0.09
    lx = x + margin + 0.2 * width
    while lx < x + 0.8 * width:
        pen.fill(rect(lx, sign_y + storey * 0.04, letter * float(rng.uniform(0.3, 0.8)), letter),
                 second if rng.random() < 0.9 else first)  # fmt: skip
        lx += letter
    if rng.random() < 0.55:
        stripes = max(4, int(width / (0.45 * scale)))
        for k in range(stripes):
            a, b = (
                x + margin + (width - 2 * margin) * k / stripes,
                x + margin + (width - 2 * margin) * (k + 1) / stripes,
            )
            y0, y1 = base - storey * 0.76, base - storey * 0.58
            pen.fill(polygon([(a, y0), (b, y0), (b, y1), (a, y1)]), first if k % 2 else (240, 236, 228), 0)


def _front_doors(pen, x, base, width, storey, columns, colour, glass, frame, rng) -> None:
    step = width / columns
    door = int(rng.integers(columns))
    for k in range(columns):
        cx = x + step * (k + 0.5)
        if k == door:
            paint = CLOTHS[int(rng.integers(len(CLOTHS)))]
            pen.fill(rect(cx - step * 0.26, base - storey * 0.74, step * 0.52, storey * 0.74), frame)
            pen.fill(rect(cx - step * 0.22, base - storey * 0.7, step * 0.44, storey * 0.7), shade(paint, 0.8))
            pen.fill(ellipse(cx + step * 0.15, base - storey * 0.33, 4, 4), (220, 190, 90))
        else:
            pen.fill(rect(cx - step * 0.27, base - storey * 0.76, step * 0.54, storey * 0.5), frame)
            pen.fill(rect(cx - step * 0.24, base - storey * 0.73, step * 0.48, storey * 0.44), glass)


def draw_tree(trunk: Pen, crown: Pen, x: float, base: float, scale: float, rng: np.random.Generator) -> None:
    """A broad-leaved tree; ``scale`` is units per metre."""
    high = float(rng.uniform(3.6, 6.0)) * scale
    bark = (96, 74, 56)
    wide = 0.16 * scale
    left = [(x - wide, base), (x - wide * 0.6, base - high * 0.5), (x - wide, base - high * 0.8)]
    right = [(2 * x - px, py) for px, py in left]
    trunk.fill(smooth(left + right[::-1], tension=9), bark, 0)
    green = tuple(float(c) for c in np.array([70, 112, 54]) + rng.normal(0, 14, 3))
    for k in range(11):
        r = float(rng.uniform(0.55, 1.0)) * high * 0.25
        cx, cy = x + float(rng.normal(0, 0.17)) * high, base - high * float(rng.uniform(0.6, 1.0))
        crown.fill(ellipse(cx, cy, r, r * 0.85), shade(green, 0.66 + 0.055 * k), 0)


def _treeline(pen: Pen, view: View, base: float, rng: np.random.Generator) -> None:
    far, trunk, crown = Pen(0, LEAVES, pen.defs), Pen(0, WALL, pen.defs), Pen(0, LEAVES, pen.defs)
    hill = [(k / 8 * view.width, base - float(rng.uniform(60, 190))) for k in range(9)]
    far.fill(polygon([*hill, (view.width, base + 10), (0, base + 10)]), (92, 124, 86), 0)
    scale = view.scale(base)
    for _ in range(int(rng.integers(5, 9))):
        draw_tree(trunk, crown, float(rng.uniform(0, view.width)), base, scale, rng)
    for layer in (far, trunk, crown):
        pen.take(layer)


def _ground(pen: Pen, view: View, base: float, kind: str, rng: np.random.Generator) -> tuple[float, float]:
    width = view.width
    paving = tuple(float(c) for c in np.array([172, 168, 162]) + rng.normal(0, 10) + rng.normal(0, 4, 3))
    asphalt = tuple(float(c) for c in np.array([92, 94, 98]) + rng.normal(0, 12))
    if kind == "park":
        grass = tuple(float(c) for c in np.array([104, 142, 72]) + rng.normal(0, 12, 3))
        pen.fill(rect(0, base, width, 1000 - base), grass, 0)
    else:
        pen.fill(rect(0, base, width, 1000 - base), paving, 0)
    far = view.ground(view.scale(base) * float(rng.uniform(1.25, 1.45)))
    near = min(view.ground(view.scale(far) * float(rng.uniform(1.7, 2.3))), 900)
    if kind == "plaza":
        _tiles(pen, view, base, 1000, paving)
        return far, near
    surface = (188, 166, 128) if kind == "park" and rng.random() < 0.6 else asphalt
    if kind == "street":
        _tiles(pen, view, base, far, paving)
    pen.fill(rect(0, far - 9, width, 12), shade(paving, 0.72), 0)
    pen.fill(rect(0, far, width, near - far), surface, 0)
    pen.fill(rect(0, near, width, 16), shade(paving, 1.15), 0)
    pen.fill(rect(0, near + 14, width, 6), shade(paving, 0.6), 0)
    if kind == "street":
        _tiles(pen, view, near + 20, 1000, paving)
        white = (226, 224, 214)
        if rng.random() < 0.5:
            middle = (far + near) / 2
            scale = view.scale(middle)
            x = float(rng.uniform(-2, 0)) * scale
            while x < width:
                pen.fill(rect(x, middle, 1.6 * scale, 0.09 * scale), white)
                x += 3.4 * scale
        else:  # a zebra crossing, converging on the vanishing point
            cx, vanish = float(rng.uniform(0.2, 0.8)) * width, width / 2
            for k in range(-4, 5):
                corners = []
                for y, offset in ((far, 0.0), (far, 0.45), (near, 0.45), (near, 0.0)):
                    s = view.scale(y)
                    ground_x = (cx - vanish) / view.scale(near) + (k + offset) * 0.95
                    corners.append((vanish + ground_x * s, y))
                pen.fill(polygon(corners), white)
    return far, near


def _tiles(pen: Pen, view: View, top: float, bottom: float, colour: Colour) -> None:
    line, vanish = shade(colour, 0.78), view.width / 2
    s0, s1 = view.scale(top), view.scale(bottom)
    # Rows at equal distances on the ground: distance goes with 1 / scale.
    d0, d1 = 1 / s0, 1 / s1
    for k in range(1, 9):
        y = view.ground(1 / (d0 + (d1 - d0) * k / 9))
        pen.fill(rect(0, y, view.width, 2.2), line, opacity=0.7)
    for k in range(-14, 15):
        if abs(k) * s0 > vanish:  # outside the image from its upper end on
            continue
        pen.stroke(f"M{vanish + k * s0:.1f} {top:.1f}L{vanish + k * s1:.1f} {bottom:.1f}", line, 2.2, opacity=0.6)
