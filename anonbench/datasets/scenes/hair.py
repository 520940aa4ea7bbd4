"""Hair in many styles, and hats."""

from __future__ import annotations

import math

from anonbench.datasets.scenes import parts
from anonbench.datasets.scenes.headshape import DEPTH, Head
from anonbench.datasets.scenes.identity import Identity
from anonbench.datasets.scenes.svg import Pen, capsule, ellipse, rgb, shade, smooth

# How far hair reaches down (half heads, down is positive) at azimuths from the face's middle, by style.
HAIRLINES: dict[str, tuple[tuple[float, float], ...]] = {
    "short": ((0, -0.60), (45, -0.50), (66, -0.22), (76, 0.08), (100, 0.10), (130, 0.42), (180, 0.55)),
    "side": ((0, -0.46), (45, -0.56), (66, -0.20), (76, 0.12), (100, 0.10), (130, 0.42), (180, 0.55)),
    "crop": ((0, -0.66), (45, -0.58), (66, -0.36), (76, -0.05), (100, -0.02), (130, 0.30), (180, 0.42)),
    "bob": ((0, -0.48), (45, -0.42), (58, -0.05), (64, 0.75), (100, 0.92), (130, 0.95), (180, 0.95)),
    "long": ((0, -0.60), (40, -0.52), (58, -0.15), (66, 1.15), (100, 1.7), (130, 1.95), (180, 2.0)),
    "ponytail": ((0, -0.64), (45, -0.54), (66, -0.25), (80, 0.0), (100, 0.08), (130, 0.36), (180, 0.45)),
    "bun": ((0, -0.62), (45, -0.52), (66, -0.25), (80, 0.0), (100, 0.08), (130, 0.36), (180, 0.45)),
    "afro": ((0, -0.58), (45, -0.48), (64, -0.10), (76, 0.25), (100, 0.45), (130, 0.62), (180, 0.66)),
    "bald": ((0, -2.0), (180, -2.0)),
}
VOLUMES = {"short": 0.09, "side": 0.11, "crop": 0.045, "bob": 0.15, "long": 0.13, "ponytail": 0.07, "bun": 0.07,
           "afro": 0.34, "bald": 0.0}  # fmt: skip


def _reach(style: str, azimuth: float) -> float:
    table = HAIRLINES[style]
    a = abs((azimuth + 180) % 360 - 180)
    for (a0, v0), (a1, v1) in zip(table, table[1:], strict=False):
        if a <= a1:
            return v0 + (v1 - v0) * (a - a0) / (a1 - a0)
    return table[-1][1]


def hair_width(head: Head, volume: float) -> float:
    """Half the width of the hair in mm as the camera sees it; the back of the head stands out a little."""
    skull = math.hypot(head.width * math.cos(head.yaw), DEPTH * math.sin(head.yaw))
    return skull * (1 + volume + 0.05 * abs(math.sin(head.yaw))) * head.half


def _hair_shape(head: Head, style: str, volume: float, away: bool) -> str | None:
    """Hair over the half of the head turned to the camera (or away): rim, crown, rim, then along the hairline."""
    base = math.degrees(head.yaw)
    thetas = range(-90, 91, 9)
    line = []
    for theta in thetas:
        azimuth = (180 - theta if away else theta) - base
        v = _reach(style, azimuth)
        flare = 1 + volume + (0.04 * min(1.0, max(0.0, v)))
        x, _, _ = head.spot(azimuth, min(v, 0.45), flare)
        line.append((x, v * head.half))
    width = hair_width(head, volume)
    left, right = line[0], line[-1]
    crown = []
    for k in range(-4, 5):
        a = math.radians(k * 21)
        crown.append((width * math.sin(a), -head.half * (1 + volume) * max(0.0, math.cos(a)) ** 0.85))
    return smooth([left, *crown, right, *line[-2:0:-1]], tension=7)


def draw_hair_behind(pen: Pen, head: Head, style: str, hair: tuple, volume: float) -> None:
    if style in ("long", "bob", "afro"):
        pen.fill(_hair_shape(head, style, volume, away=True), shade(hair, 0.68), parts.HAIR)
    if style in ("ponytail", "bun") and math.cos(head.yaw) > 0:
        _tail(pen, head, style, hair)


def _tail(pen: Pen, head: Head, style: str, hair: tuple) -> None:
    h = head.half
    x, y, _ = head.spot(180, -0.35, 1.15)
    if style == "bun":
        x, y, _ = head.spot(180, -0.72, 1.15)
        pen.fill(ellipse(x, y - 0.18 * h, 0.34 * h, 0.32 * h), shade(hair, 0.9), parts.HAIR)
    else:
        away = -math.sin(head.yaw)
        end = (x + away * 0.35 * h, y + 1.5 * h)
        pen.fill(capsule((x, y), end, 0.24 * h, 0.10 * h), shade(hair, 0.88), parts.HAIR)


def draw_hair_front(pen: Pen, head: Head, style: str, hair: tuple, volume: float) -> None:
    h = head.half
    shine = pen.define(
        '<linearGradient id="{id}" x1="0" y1="0" x2=".3" y2="1">'
        f'<stop offset="0" stop-color="{rgb(shade(hair, 1.22))}"/><stop offset=".5" stop-color="{rgb(hair)}"/>'
        f'<stop offset="1" stop-color="{rgb(shade(hair, 0.75))}"/></linearGradient>'
    )
    pen.fill(_hair_shape(head, style, volume, away=False), f"url(#{shine})", parts.HAIR)
    strand = shade(hair, 0.62)
    for theta in (-55, -25, 5, 35, 62):
        x, _, _ = head.spot(theta - math.degrees(head.yaw), -0.6, 1 + volume)
        x *= 0.55
        rise = math.sqrt(max(0.0, 1 - (x / hair_width(head, volume)) ** 2)) ** 0.85
        start = (x, -h * (1 + volume) * rise * 0.93)
        reach = _reach(style, theta - math.degrees(head.yaw))
        end_x, _, _ = head.spot(theta - math.degrees(head.yaw), min(reach, 0.4), 1 + volume * 0.6)
        end = (end_x, (reach * 0.85 - 0.12) * h)
        bend = ((start[0] + end[0]) / 2 * 1.15, (start[1] + end[1]) / 2 - 0.05 * h)
        pen.stroke(smooth([start, bend, end], closed=False), strand, 0.022 * h, opacity=0.55)
    if style in ("ponytail", "bun") and math.cos(head.yaw) <= 0:
        _tail(pen, head, style, hair)


def draw_hat(pen: Pen, head: Head, person: Identity) -> None:
    """Draw a beanie, a hat with a brim, or a cap whose visor turns with the face."""
    h, colour = head.half, person.hat_colour
    width = math.hypot(head.width * math.cos(head.yaw), DEPTH * math.sin(head.yaw)) * h * 1.13
    brow = -0.42 * h
    turn, facing = math.sin(head.yaw), math.cos(head.yaw)
    dome = [(-width, brow), (-width * 0.98, brow - 0.32 * h), (-width * 0.62, brow - 0.68 * h), (0, brow - 0.80 * h),
            (width * 0.62, brow - 0.68 * h), (width * 0.98, brow - 0.32 * h), (width, brow)]  # fmt: skip
    bulge = [
        (width * 0.5, brow + 0.07 * h * facing),
        (0, brow + 0.1 * h * facing),
        (-width * 0.5, brow + 0.07 * h * facing),
    ]
    if person.hat == "beanie":
        pen.fill(smooth(dome + bulge), colour, parts.HAT)
        pen.fill(
            capsule((-width * 0.95, brow), (width * 0.95, brow), 0.13 * h, 0.13 * h), shade(colour, 0.78), parts.HAT
        )
        pen.fill(ellipse(0, brow - 0.86 * h, 0.14 * h, 0.14 * h), shade(colour, 1.2), parts.HAT)
        return
    pen.fill(smooth(dome + bulge), colour, parts.HAT)
    seam = [(0, brow - 0.8 * h), (turn * width * 0.4, brow - 0.4 * h), (turn * width * 0.6, brow)]
    pen.stroke(smooth(seam, closed=False), shade(colour, 0.7), 0.03 * h)
    if person.hat == "brim":
        pen.fill(
            ellipse(0, brow + 0.02 * h, width * 1.55, 0.13 * h + 0.05 * h * abs(facing)), shade(colour, 0.8), parts.HAT
        )
        pen.fill(capsule((-width * 0.96, brow - 0.12 * h), (width * 0.96, brow - 0.12 * h), 0.08 * h, 0.08 * h),
                 shade(colour, 0.5), parts.HAT)  # fmt: skip
    elif facing > -0.5:
        tip = turn * width * 0.85
        peak = (tip + turn * 0.45 * h, brow + 0.14 * h * max(0.4, facing))
        if abs(turn) > 0.5:
            pen.fill(capsule((tip * 0.7, brow), peak, 0.08 * h, 0.045 * h), shade(colour, 0.72), parts.HAT)
        if facing > 0.2:
            visor = [(tip * 0.3 - width * facing, brow), peak, (tip * 0.3 + width * facing, brow), (0, brow - 0.06 * h)]
            pen.fill(smooth(visor), shade(colour, 0.72), parts.HAT)
