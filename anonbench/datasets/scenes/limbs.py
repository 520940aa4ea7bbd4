"""Arms and legs: tapered limbs with sleeves, trousers, hands and shoes."""

from __future__ import annotations

import math

from anonbench.datasets.scenes import parts
from anonbench.datasets.scenes.fabric import fabric
from anonbench.datasets.scenes.figure import Figure
from anonbench.datasets.scenes.svg import Pen, Point, capsule, polygon, shade


def _limb(
    body: Figure, pen: Pen, p: Point, q: Point, rp: float, rq: float, paint, part: int, shadow: float = 0.1
) -> None:
    pen.fill(capsule(p, q, rp, rq), paint, part)
    dx, dy = q[0] - p[0], q[1] - p[1]
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length, dx / length
    if nx < 0:  # the light comes from the upper left: the right edge is shaded
        nx, ny = -nx, -ny
    offset_p, offset_q = rp * 0.55, rq * 0.55
    pen.fill(
        capsule((p[0] + nx * offset_p, p[1] + ny * offset_p), (q[0] + nx * offset_q, q[1] + ny * offset_q),
                rp * 0.45, rq * 0.45),
        (0, 0, 0), opacity=shadow,
    )  # fmt: skip


def _angle(p: Point, q: Point) -> float:
    return math.degrees(math.atan2(q[1] - p[1], q[0] - p[0])) - 90


def between(p: Point, q: Point, t: float) -> Point:
    return p[0] + (q[0] - p[0]) * t, p[1] + (q[1] - p[1]) * t


def draw_arms(body: Figure) -> None:
    """Draw both arms with sleeves and hands."""
    person, unit = body.person, body.sk.reach
    thick = unit * (0.165 + 0.05 * person.girth)
    for side in parts.SIDES:
        shoulder, elbow, wrist, hand = (body.at(f"{side}_{j}") for j in ("shoulder", "elbow", "wrist", "hand"))
        depth_upper = body.z(f"{side}_shoulder", f"{side}_elbow") + 12
        depth_fore = body.z(f"{side}_elbow", f"{side}_hand") + 14
        skin = body.tone(person.skin, depth_upper)
        cloth = body.tone(person.top_colour, depth_upper)
        second = body.tone(person.top_colour2, depth_upper)
        size = person.pattern_size * 130

        upper = body.layer(depth_upper)
        if person.sleeves < 1:
            _limb(body, upper, shoulder, elbow, thick, thick * 0.82, skin, parts.UPPER_ARM[side])
        paint = fabric(upper, person.top_pattern, cloth, second, size, _angle(shoulder, elbow))
        end = between(shoulder, elbow, min(1.0, person.sleeves))
        loose = 1.2 if person.top in ("coat", "jacket", "hoodie") else 1.12
        _limb(body, upper, shoulder, end, thick * loose, thick * (loose - 0.1), paint, parts.UPPER_ARM[side])

        fore = body.layer(depth_fore)
        _limb(body, fore, elbow, wrist, thick * 0.8, thick * 0.55, skin, parts.FOREARM[side])
        # A hand: palm, fingers and a thumb towards the body's front.
        palm = between(wrist, hand, 0.45)
        fore.fill(capsule(wrist, palm, thick * 0.52, thick * 0.62), skin, parts.HAND[side])
        fore.fill(capsule(palm, hand, thick * 0.55, thick * 0.34), shade(skin, 0.97), parts.HAND[side])
        thumb = (palm[0] + thick * (0.75 if body.sin >= 0 else -0.75), palm[1] + thick * 0.2)
        fore.fill(capsule(wrist, thumb, thick * 0.3, thick * 0.2), shade(skin, 0.92), parts.HAND[side])
        if person.sleeves >= 1:
            paint = fabric(fore, person.top_pattern, cloth, second, size, _angle(elbow, wrist))
            cuff = between(elbow, wrist, 0.9)
            _limb(body, fore, elbow, cuff, thick * (loose - 0.1), thick * 0.78, paint, parts.FOREARM[side])


def draw_legs(body: Figure) -> None:
    """Draw both legs with what they wear."""
    person, unit = body.person, body.sk.reach
    thick = unit * (0.20 + 0.11 * person.girth) * (0.7 + 0.3 * person.hips)
    skirted = person.bottom == "skirt" or person.top == "dress"
    for side in parts.SIDES:
        hip, knee, ankle, toe = (body.at(f"{side}_{j}") for j in ("hip", "knee", "ankle", "toe"))
        depth_thigh, depth_shin = body.z(f"{side}_hip", f"{side}_knee") - 8, body.z(f"{side}_knee", f"{side}_ankle") - 6
        skin = body.tone(person.skin, depth_thigh)
        cloth = body.tone(person.bottom_colour, depth_thigh)
        bare = skirted or person.bottom == "shorts"
        # Clothes of the trunk cover the thighs' upper ends; only a sitting person's thighs cover the hips.
        thigh = body.layer((-1 if body.sitting else -3) + depth_thigh * 1e-4)
        _limb(body, thigh, hip, knee, thick, thick * 0.68, skin if bare else cloth, parts.THIGH[side])
        shin = body.layer(min(depth_shin, -2.5) if not body.sitting else depth_shin)
        _foot(body, shin, side, ankle, toe, thick)
        if bare:
            calf = between(knee, ankle, 0.3)
            _limb(body, shin, knee, calf, thick * 0.62, thick * 0.6, skin, parts.SHIN[side])
            _limb(body, shin, calf, ankle, thick * 0.6, thick * 0.34, skin, parts.SHIN[side])
        else:
            wide = 0.62 if person.bottom == "trousers" else 0.5
            _limb(body, shin, knee, between(knee, ankle, 0.97), thick * 0.68, thick * wide, cloth, parts.SHIN[side])
            if person.bottom == "jeans":
                shin.stroke(polygon([knee, ankle])[:-1], shade(cloth, 0.7), 6)
        if skirted and body.sitting:
            skirt = body.tone(person.top_colour if person.top == "dress" else person.bottom_colour, depth_thigh)
            _limb(body, thigh, hip, between(hip, knee, 0.92), thick * 1.15, thick * 0.95, skirt, parts.THIGH[side])
        elif person.bottom == "shorts" and not skirted:
            _limb(body, thigh, hip, between(hip, knee, 0.72), thick * 1.06, thick * 0.92, cloth, parts.THIGH[side])


def _foot(body: Figure, pen: Pen, side: str, ankle: Point, toe: Point, thick: float) -> None:
    shoe = body.person.shoes
    sole = shade(shoe, 0.6) if sum(shoe) > 200 else (210, 206, 200)
    heel = (ankle[0] - (toe[0] - ankle[0]) * 0.28, ankle[1] + thick * 0.38)
    pen.fill(capsule(ankle, heel, thick * 0.4, thick * 0.36), shoe, parts.FOOT[side])
    pen.fill(capsule(heel, toe, thick * 0.4, thick * 0.3), shoe, parts.FOOT[side])
    pen.stroke(
        polygon([(heel[0], heel[1] + thick * 0.33), (toe[0], toe[1] + thick * 0.27)])[:-1], sole, thick * 0.16,
        parts.FOOT[side],
    )  # fmt: skip
    pen.fill(capsule(between(ankle, toe, 0.35), between(ankle, toe, 0.6), thick * 0.07, thick * 0.07), sole)
