"""The trunk's clothes, and bags."""

from __future__ import annotations

from anonbench.datasets.scenes import parts
from anonbench.datasets.scenes.fabric import fabric
from anonbench.datasets.scenes.figure import Figure
from anonbench.datasets.scenes.limbs import between
from anonbench.datasets.scenes.svg import Pen, capsule, ellipse, polygon, rect, shade, smooth


def draw_trunk(body: Figure) -> None:
    """Draw hips, torso and neck with their clothes."""
    person, sk = body.person, body.sk
    shoulder = body.turned(sk.shoulder + 0.10 * sk.reach, sk.depth * 0.9)
    chest, waist = body.turned(sk.chest * 1.06, sk.depth * 1.05), body.turned(sk.waist * 1.08, sk.depth * 0.95)
    hip = body.turned(sk.hip, sk.depth * 1.1)
    belly = body.sin * sk.depth * max(0.0, person.girth - 0.95) * 0.9
    bust = body.sin * sk.depth * 0.12
    dress = person.top == "dress"
    loose = {"coat": 1.14, "hoodie": 1.12, "jacket": 1.09, "shirt": 1.03}.get(person.top, 1.0)

    lower = body.layer(-2)
    waistband = [
        (0.20, waist * 1.01, belly * 0.6),
        (0.0, hip, belly * 0.2),
        (-0.14, hip * 0.98, 0),
        (-0.27, hip * 0.62, 0),
    ]
    lower.fill(body.band(waistband), person.top_colour if dress else person.bottom_colour, parts.PELVIS)

    torso = body.layer(0)
    hem = {"coat": -0.2, "hoodie": -0.16, "jacket": -0.14, "tee": -0.12}.get(person.top, -0.1)
    if not dress and person.bottom == "skirt":
        hem = 0.04
    levels = [
        (1.05, shoulder * 0.48, 0), (0.985, shoulder * 0.96, 0), (0.78, max(chest, shoulder * 0.84), bust),
        (0.34, waist * loose, belly), (0.05, hip * loose, belly * 0.6), (hem, hip * loose, belly * 0.3),
    ]  # fmt: skip
    outline = body.band(levels)
    if (person.bottom == "skirt" or dress) and not body.sitting:
        _skirt(body, waist, hip)
    paint = fabric(torso, person.top_pattern, person.top_colour, person.top_colour2, person.pattern_size * 130)
    torso.fill(outline, paint, parts.TRUNK)
    shadow = torso.define(
        '<linearGradient id="{id}"><stop offset=".35" stop-color="#000" stop-opacity="0"/>'
        '<stop offset="1" stop-color="#000" stop-opacity=".32"/></linearGradient>'
    )
    torso.fill(outline, f"url(#{shadow})")
    _details(body, torso, shoulder, waist * loose, hip * loose, hem)

    neck = body.layer(2 if body.cos > -0.25 else -1)
    base, top = body.at("neck"), body.at("head")
    wide = sk.head * (0.40 if person.girth < 1.2 else 0.48)
    neck.fill(capsule(body.trunk_point(1.04, 0), between(base, top, 0.62), wide * 1.1, wide), shade(person.skin, 0.82),
              parts.NECK)  # fmt: skip
    if person.top in ("shirt", "jacket", "coat", "hoodie"):
        collar = [(1.075, wide * 1.25, 0), (0.99, wide * 1.9, 0), (0.96, wide * 0.9, 0)]
        neck.fill(body.band(collar), shade(person.top_colour, 0.8), parts.TRUNK)
        if body.cos > 0.2 and person.top != "hoodie":
            corners = [
                (1.06, wide * (body.sin - 0.8)),
                (1.06, wide * (body.sin + 0.8)),
                (0.86, body.sin * shoulder * 0.5),
            ]
            gap = [body.trunk_point(t, across) for t, across in corners]
            neck.fill(polygon(gap), person.skin if person.top == "shirt" else person.top_colour2, parts.TRUNK)


def _skirt(body: Figure, waist: float, hip: float) -> None:
    person = body.person
    skirt = body.layer(6)
    low = -0.62 if person.top == "dress" else -0.55
    knees = [body.at("left_knee"), body.at("right_knee")]
    origin = body.at("pelvis")
    reach = [(k[0] - origin[0]) * body.across[0] + (k[1] - origin[1]) * body.across[1] for k in knees]
    spread = 0.72
    right = max(hip * 1.22, max(reach) * spread + hip * 0.55)
    left = min(-hip * 1.22, min(reach) * spread - hip * 0.55)
    points = [body.trunk_point(0.32, waist), body.trunk_point(0.0, hip * 1.06), body.trunk_point(low, right),
              body.trunk_point(low - 0.02, (left + right) / 2), body.trunk_point(low, left),
              body.trunk_point(0.0, -hip * 1.06), body.trunk_point(0.32, -waist)]  # fmt: skip
    d = smooth(points, tension=11)
    if person.top == "dress":
        paint = fabric(skirt, person.top_pattern, person.top_colour, person.top_colour2, person.pattern_size * 130)
    else:
        paint = person.bottom_colour
    skirt.fill(d, paint, parts.PELVIS)
    base = person.top_colour if person.top == "dress" else person.bottom_colour
    for share in (0.2, 0.45, 0.7):
        fold = [
            body.trunk_point(-0.1, -hip + 2 * hip * share),
            body.trunk_point(low + 0.03, left + (right - left) * share),
        ]
        skirt.stroke(polygon(fold)[:-1], shade(base, 0.6), 9, opacity=0.5)


def _details(body: Figure, pen: Pen, shoulder: float, waist: float, hip: float, hem: float) -> None:
    """Openings, buttons, pockets and belts: what distinguishes a front from a back."""
    person = body.person
    dark = shade(person.top_colour, 0.55)
    if body.cos > 0.15:
        middle = body.sin * shoulder * 0.55
        if person.top in ("shirt", "jacket", "coat"):
            line = [body.trunk_point(0.97, middle * 0.6), body.trunk_point(0.4, middle), body.trunk_point(hem, middle)]
            pen.stroke(smooth(line, closed=False), dark, 9)
            for t in (0.75, 0.5, 0.25):
                x, y = body.trunk_point(t, middle + 14)
                pen.fill(ellipse(x, y, 9, 9), dark)
        elif person.top == "hoodie":
            pocket = [(0.34, waist * 0.5, middle), (0.05, hip * 0.62, middle)]
            pen.fill(body.band(pocket), dark, opacity=0.6)
        elif person.top == "tee" and person.top_pattern == "plain":
            x, y = body.trunk_point(0.66, middle)
            pen.fill(ellipse(x, y, shoulder * 0.3 * abs(body.cos), shoulder * 0.26), person.top_colour2)
    elif body.cos < -0.15 and person.top == "hoodie":
        pen.fill(body.band([(1.02, shoulder * 0.45, 0), (0.72, shoulder * 0.36, 0)]), dark)


def draw_bag(body: Figure) -> None:
    """Draw the backpack, handbag or shoulder bag."""
    person, sk = body.person, body.sk
    colour, half = person.bag_colour, sk.shoulder * 0.82
    if person.bag == "backpack":
        pack = body.layer(-body.cos * 60 + (5 if body.cos < 0.3 else -5))
        wide = body.turned(half * 0.95, sk.depth * 0.75)
        shift = -body.sin * sk.depth * 1.55
        pack.fill(body.band([(1.0, wide * 0.8, shift), (0.7, wide, shift), (0.1, wide, shift)]), colour, parts.BAG)
        if body.cos < 0.3:
            pack.fill(body.band([(0.45, wide * 0.7, shift), (0.15, wide * 0.72, shift)]), shade(colour, 0.75))
        if body.cos > -0.1:
            straps = body.layer(5)
            for side in (-1, 1):
                a = body.trunk_point(1.0, side * half * 0.55 * body.cos + body.sin * 10)
                b = body.trunk_point(0.45, side * half * 0.72 * body.cos + body.sin * sk.depth * 0.4)
                straps.stroke(polygon([a, b])[:-1], shade(colour, 0.8), 30, parts.BAG)
    elif person.bag == "handbag":
        x, y = body.at("left_hand")
        bag = body.layer(body.z("left_hand") + 10)
        bag.stroke(
            smooth([(x - 70, y + 110), (x, y - 20), (x + 70, y + 110)], closed=False), shade(colour, 0.6), 16, parts.BAG
        )
        bag.fill(rect(x - 130, y + 100, 260, 200, 40), colour, parts.BAG)
        bag.fill(rect(x - 130, y + 100, 260, 70, 40), shade(colour, 0.75))
    else:
        strap = body.layer(9)
        side = 1 if body.cos >= 0 else -1
        top = body.trunk_point(0.99, -half * 0.6 * side)
        x, y = body.trunk_point(-0.05, half * 1.05 * side)
        strap.stroke(polygon([top, (x, y)])[:-1], shade(colour, 0.7), 24, parts.BAG)
        strap.fill(rect(x - 110, y - 20, 220, 190, 36), colour, parts.BAG)
        strap.fill(rect(x - 110, y - 20, 220, 80, 36), shade(colour, 0.78))
