"""Vehicles and animals: annotated objects other than people, in mm around the point on the ground below them."""

from __future__ import annotations

import numpy as np

from anonbench.datasets.scenes.identity import CLOTHS, Colour
from anonbench.datasets.scenes.svg import Pen, capsule, ellipse, polygon, rect, rgb, shade, smooth

CARS: tuple[Colour, ...] = (
    (188, 34, 38), (34, 62, 128), (232, 232, 230), (40, 42, 46), (148, 152, 156), (62, 108, 84), (220, 176, 60),
    (92, 30, 40), (120, 168, 204),
)  # fmt: skip
GLASS = (96, 122, 140)
TYRE = (30, 30, 32)


def _body_paint(pen: Pen, colour: Colour) -> str:
    name = pen.define(
        '<linearGradient id="{id}" x1="0" y1="0" x2="0" y2="1">'
        f'<stop offset="0" stop-color="{rgb(shade(colour, 1.3))}"/><stop offset=".45" stop-color="{rgb(colour)}"/>'
        f'<stop offset="1" stop-color="{rgb(shade(colour, 0.55))}"/></linearGradient>'
    )
    return f"url(#{name})"


def _glass(pen: Pen) -> str:
    name = pen.define(
        '<linearGradient id="{id}" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#d3e4ee"/>'
        '<stop offset=".4" stop-color="#6d8799"/><stop offset="1" stop-color="#32414c"/></linearGradient>'
    )
    return f"url(#{name})"


def _wheel(pen: Pen, x: float, radius: float) -> None:
    pen.fill(ellipse(x, -radius, radius, radius), TYRE, 0)
    pen.fill(ellipse(x, -radius, radius * 0.62, radius * 0.62), (176, 180, 184))
    pen.fill(ellipse(x, -radius, radius * 0.5, radius * 0.5), (92, 94, 100))
    for angle in range(0, 180, 36):
        dx, dy = radius * 0.52 * np.cos(np.radians(angle)), radius * 0.52 * np.sin(np.radians(angle))
        pen.stroke(polygon([(x - dx, -radius - dy), (x + dx, -radius + dy)])[:-1], (190, 194, 198), radius * 0.1)
    pen.fill(ellipse(x, -radius, radius * 0.16, radius * 0.16), (60, 62, 66))


def draw_car(pen: Pen, rng: np.random.Generator) -> None:
    """A hatchback, saloon or van from the side, or any car from the front or rear."""
    colour = CARS[int(rng.integers(len(CARS)))]
    kind = ("hatch", "saloon", "van", "front", "rear")[int(rng.integers(5))]
    paint, glass = _body_paint(pen, colour), _glass(pen)
    if kind in ("front", "rear"):
        _car_end(pen, paint, glass, colour, kind == "front")
        return
    roof = 1.0 + float(rng.uniform(-0.05, 0.08))
    high = {"hatch": -1480, "saloon": -1430, "van": -1850}[kind] * roof
    tail = {"hatch": -1950, "saloon": -2250, "van": -2150}[kind]
    nose = 2050
    cabin = {
        "hatch": [(-1850, -900), (-1600, high + 60), (-1250, high), (300, high), (620, high + 90), (1180, -960)],
        "saloon": [(-1500, -930), (-950, high + 60), (-600, high), (250, high), (560, high + 80), (1120, -950)],
        "van": [(-2120, -900), (-2090, high + 100), (-1950, high), (650, high), (950, high + 120), (1500, -980)],
    }[kind]
    hull = [(tail, -420), (tail - 20, -760), (tail + 90, -900), *cabin, (1750, -860), (nose, -720), (nose + 60, -480),
            (nose + 20, -280), (1700, -230), (-1700, -230), (tail + 60, -270)]  # fmt: skip
    pen.fill(smooth(hull, tension=10), paint, 0)
    rear, front = cabin[1][0], cabin[4][0]
    low = -920
    post = (rear + front) / 2 + 60
    sill = [(rear + 40, high + 110), (post - 50, high + 90), (post - 50, low), (cabin[0][0] + 140, low)]
    pen.fill(polygon(sill), glass)
    pen.fill(
        polygon([(post + 50, high + 90), (front - 60, high + 120), (cabin[5][0] - 120, low), (post + 50, low)]), glass
    )
    pen.stroke(polygon([(post, low + 20), (post, -330)])[:-1], shade(colour, 0.6), 16)
    pen.stroke(polygon([(cabin[5][0] - 160, low + 30), (1080, -600), (1080, -330)])[:-1], shade(colour, 0.6), 16)
    pen.stroke(polygon([(tail + 60, -560), (nose - 20, -560)])[:-1], shade(colour, 0.7), 20)
    for x in (post - 260, post + 600):
        pen.fill(rect(x, -830, 190, 40, 18), shade(colour, 0.5))
    pen.fill(rect(nose - 150, -720, 190, 120, 50), (250, 244, 210))
    pen.fill(rect(tail - 10, -790, 120, 180, 30), (176, 24, 24))
    for x in (-1320, 1330):
        pen.fill(ellipse(x, -330, 400, 400), shade(colour, 0.25), 0)
        _wheel(pen, x, 325)


def _car_end(pen: Pen, paint: str, glass: str, colour: Colour, front: bool) -> None:
    for x in (-680, 680):
        pen.fill(rect(x - 120, -420, 240, 420, 60), TYRE, 0)
    hull = [(-880, -300), (-900, -700), (-820, -920), (-640, -1440), (-400, -1500), (400, -1500), (640, -1440),
            (820, -920), (900, -700), (880, -300), (700, -210), (-700, -210)]  # fmt: skip
    pen.fill(smooth(hull, tension=9), paint, 0)
    pen.fill(polygon([(-700, -940), (-560, -1400), (560, -1400), (700, -940)]), glass)
    lamp = (252, 246, 216) if front else (184, 26, 26)
    for side in (-1, 1):
        pen.fill(rect(side * 700 - 140, -800, 280, 140, 60), lamp)
        pen.fill(capsule((side * 850, -980), (side * 960, -1000), 60, 50), shade(colour, 0.7), 0)
    if front:
        pen.fill(rect(-480, -780, 960, 130, 40), (36, 38, 42))
        pen.fill(rect(-620, -480, 1240, 150, 40), (44, 46, 50))
    pen.fill(rect(-260, -600, 520, 115, 10), (240, 240, 232))
    for k in range(5):
        pen.fill(rect(-215 + k * 92, -575, 52, 65), (40, 40, 44))


def draw_bus(pen: Pen, rng: np.random.Generator) -> None:
    """A city bus from the side."""
    colour = CLOTHS[int(rng.integers(0, 9))]
    length = float(rng.uniform(8200, 10400))
    left, right, top = -length / 2, length / 2, -3050
    pen.fill(rect(left, top, length, 2800, 260), _body_paint(pen, colour), 0)
    pen.fill(rect(left, -1250, length, 160), (240, 238, 230))
    glass = _glass(pen)
    pen.fill(rect(left + 150, top + 330, length - 300, 1150, 120), (38, 44, 50))
    count = int(length // 1500)
    step = (length - 400) / count
    for k in range(count):
        x = left + 200 + k * step
        if k in (count - 1, count // 2):
            pen.fill(rect(x + 40, top + 380, step - 120, 2330, 60), (52, 58, 64))
            for half in (0, 1):
                pen.fill(rect(x + 70 + half * (step - 150) / 2, top + 440, (step - 220) / 2, 2150, 40), glass)
        else:
            pen.fill(rect(x + 30, top + 390, step - 60, 1030, 60), glass)
    pen.fill(rect(right - 1900, top + 70, 1500, 210, 40), (24, 24, 22))
    for k in range(7):
        pen.fill(rect(right - 1840 + k * 195, top + 110, 120, 130), (250, 180, 50))
    pen.fill(rect(right - 90, -760, 110, 200, 40), (252, 246, 216))
    pen.fill(rect(left - 20, -760, 80, 220, 30), (184, 26, 26))
    for x in (left + 1900, right - 2300):
        pen.fill(ellipse(x, -470, 570, 570), (26, 26, 28), 0)
        _wheel(pen, x, 470)


def draw_bicycle(pen: Pen, rng: np.random.Generator) -> None:
    """A city bicycle from the side."""
    colour = CLOTHS[int(rng.integers(len(CLOTHS) - 4))]
    r, back, front = 345, -540, 540
    for x in (back, front):
        for angle in range(0, 180, 30):
            dx, dy = r * np.cos(np.radians(angle)), r * np.sin(np.radians(angle))
            pen.stroke(polygon([(x - dx, -r - dy), (x + dx, -r + dy)])[:-1], (176, 178, 182), 9)
        pen.stroke(ellipse(x, -r, r, r), TYRE, 48, 0)
        pen.stroke(ellipse(x, -r, r - 34, r - 34), (170, 172, 176), 14)
    crank, seat, steer = (-60, -310), (-200, -830), (370, -860)
    for a, b in (((back, -r), crank), ((back, -r), seat), (crank, seat), (crank, steer), ((-180, -740), (360, -800)),
                 (steer, (front, -r))):  # fmt: skip
        pen.stroke(polygon([a, b])[:-1], colour, 46, 0)
    pen.stroke(polygon([seat, (-225, -930)])[:-1], (60, 60, 64), 34, 0)
    pen.fill(capsule((-340, -950), (-120, -960), 46, 28), (36, 32, 30), 0)
    pen.stroke(polygon([steer, (345, -1010), (230, -1030)])[:-1], (60, 60, 64), 36, 0)
    pen.stroke(ellipse(crank[0], crank[1], 90, 90), (70, 72, 76), 30, 0)
    pen.stroke(polygon([(crank[0] - 70, crank[1] + 140), (crank[0] + 70, crank[1] - 140)])[:-1], (70, 72, 76), 24, 0)
    if rng.random() < 0.5:
        pen.fill(polygon([(400, -1010), (720, -1010), (680, -760), (440, -760)]), (150, 116, 72), 0)
        for k in range(3):
            pen.stroke(polygon([(410, -960 + k * 70), (710, -960 + k * 70)])[:-1], (104, 76, 44), 14)


def draw_dog(pen: Pen, rng: np.random.Generator) -> None:
    """A dog from the side, of one of many sizes, coats and ears."""
    coats = ((92, 60, 36), (196, 156, 104), (44, 38, 36), (226, 220, 208), (150, 96, 54), (120, 118, 116))
    coat, patch = (coats[int(k)] for k in rng.choice(len(coats), 2, replace=False))
    leg, girth = float(rng.uniform(190, 330)), float(rng.uniform(120, 165))
    top = -leg - girth
    swing = float(rng.uniform(0, 80))
    far, dark = shade(coat, 0.72), shade(coat, 0.55)
    for x, shift in ((-270, swing), (240, -swing)):
        pen.fill(capsule((x + 20, top + 40), (x + shift + 20, -30), 62, 34), far, 0)
    tail = smooth([(-330, top - 40), (-450, top - 150), (-470, top - 300)], closed=False)
    pen.stroke(tail, coat, 62, 0)
    back = [(-380, top), (-300, top - girth), (0, top - girth * 0.86), (280, top - girth), (380, top - 20)]
    belly = [(300, top + girth * 0.95), (0, top + girth * 0.62), (-280, top + girth * 0.75)]
    pen.fill(smooth(back + belly), coat, 0)
    if rng.random() < 0.5:
        pen.fill(ellipse(float(rng.uniform(-180, 120)), top - girth * 0.25, 130, girth * 0.55), patch)
    for x, shift in ((-280, -swing), (260, swing)):
        pen.fill(capsule((x, top + 30), (x + shift, -34), 76, 38), coat, 0)
        pen.fill(capsule((x + shift, -28), (x + shift + 46, -26), 34, 28), shade(coat, 0.85), 0)
    pen.fill(capsule((300, top - 60), (440, top - 270), 120, 100), coat, 0)
    hx, hy = 480, top - 320
    pen.fill(ellipse(hx, hy, 135, 122), coat, 0)
    pen.fill(capsule((hx + 70, hy + 30), (hx + 220, hy + 48), 78, 52), shade(coat, 1.1), 0)
    pen.fill(ellipse(hx + 262, hy + 20, 34, 28), (24, 20, 20), 0)
    pen.fill(ellipse(hx + 60, hy - 30, 22, 22), (20, 16, 14))
    pen.fill(ellipse(hx + 66, hy - 38, 7, 7), (255, 255, 255))
    pen.stroke(smooth([(hx + 240, hy + 80), (hx + 160, hy + 96), (hx + 110, hy + 80)], closed=False), dark, 14)
    if rng.random() < 0.6:
        pen.fill(smooth([(hx - 60, hy - 100), (hx - 130, hy - 40), (hx - 110, hy + 120), (hx - 30, hy + 60)]), dark, 0)
    else:
        pen.fill(polygon([(hx - 110, hy - 60), (hx - 80, hy - 220), (hx + 10, hy - 100)]), dark, 0)
    pen.stroke(polygon([(350, top - 200), (440, top - 140)])[:-1], CLOTHS[int(rng.integers(9))], 40)


def draw_bird(pen: Pen, rng: np.random.Generator) -> None:
    """A large pigeon or gull on the ground, from the side."""
    coats = (((128, 134, 146), (86, 96, 116)), ((240, 240, 238), (160, 168, 176)), ((66, 62, 66), (40, 38, 44)))
    coat, wing = coats[int(rng.integers(3))]
    for x in (-10, 50):
        pen.stroke(polygon([(x, -150), (x + 10, -12), (x + 55, -8)])[:-1], (214, 120, 60), 20, 0)
    body = [(-330, -190), (-150, -330), (60, -400), (130, -520), (215, -560), (270, -500), (240, -400), (210, -260),
            (60, -140), (-120, -150)]  # fmt: skip
    pen.fill(smooth(body), coat, 0)
    pen.fill(smooth([(-380, -180), (-100, -320), (110, -310), (70, -210), (-120, -180)]), wing, 0)
    pen.stroke(smooth([(-220, -200), (-60, -235), (70, -220)], closed=False), shade(wing, 0.6), 16)
    pen.fill(polygon([(258, -520), (350, -478), (256, -470)]), (224, 150, 50), 0)
    pen.fill(ellipse(216, -506, 15, 15), (20, 16, 16))
    if coat[0] < 140:
        pen.fill(ellipse(180, -420, 62, 44), (62, 128, 104), opacity=0.6)
