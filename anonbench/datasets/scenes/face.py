"""Faces: eyes, brows, nose, mouth, beard, freckles and glasses, each where the turned head shows it."""

from __future__ import annotations

import math

from anonbench.datasets.scenes import parts
from anonbench.datasets.scenes.headshape import Head
from anonbench.datasets.scenes.identity import Identity
from anonbench.datasets.scenes.svg import Pen, ellipse, mix, polygon, shade, smooth


def draw_face(
    pen: Pen, head: Head, person: Identity, smile: float, sculpted: bool
) -> tuple[float, float, float, float]:
    """Draw the features; returns the face's box around the head's centre."""
    h, skin = head.half, person.skin
    dark, v = shade(skin, 0.72), person.eye_height
    near = [a for a in range(-80, 81, 10) if head.faces(a, -0.05)]
    upper = [head.spot(a, -0.66 + 0.25 * (a / 80) ** 2, 0.985)[:2] for a in near]
    lower = [head.spot(a, 0.93 - 0.38 * (a / 80) ** 2, 0.9)[:2] for a in near]
    region = polygon(upper + lower[::-1])
    pen.ids.append(f'<path d="{region}" fill="{pen.flat(parts.FACE)}"/>')

    if not sculpted:
        blush = mix(skin, (214, 84, 74), 0.45)
        for azimuth in (38, -38):
            if head.faces(azimuth, 0.25):
                x, y, _ = head.spot(azimuth, 0.30, 0.93)
                pen.fill(ellipse(x, y, 0.17 * h * head.squash(azimuth), 0.12 * h), blush, opacity=0.3)
        if person.freckles:
            for azimuth, height in ((20, 0.2), (30, 0.26), (26, 0.14), (-20, 0.2), (-30, 0.26), (-26, 0.14)):
                if head.faces(azimuth, 0.2):
                    x, y, _ = head.spot(azimuth, height)
                    pen.fill(ellipse(x, y, 0.018 * h, 0.018 * h), shade(skin, 0.62))
        _beard(pen, head, person)
    for azimuth in (person.eye_gap, -person.eye_gap):
        if head.faces(azimuth, 0.06):
            _eye(pen, head, person, azimuth, sculpted)
    # The nose: a ridge with one shaded side; in profile it leaves the outline.
    top, tip = head.spot(0, v + 0.02, 1.0), head.spot(0, v + person.nose_length * 0.86, 1.2)
    base = head.spot(0, v + person.nose_length * 1.05, 1.0)
    wing = person.nose_width * h
    side = 1 if math.sin(head.yaw) < 0 else -1
    squash = head.squash(0)
    ridge = smooth([top[:2], tip[:2], (tip[0], base[1] - 0.02 * h), base[:2], (base[0] + side * wing * squash, base[1]),
                    (top[0] + side * wing * 0.45 * squash, (top[1] + tip[1]) / 2)])  # fmt: skip
    pen.fill(ridge, shade(skin, 0.9), parts.FACE)
    bulb_x = base[0] * 0.5 + tip[0] * 0.5
    pen.fill(ellipse(bulb_x, tip[1], wing * (0.35 + 0.6 * squash), wing * 0.62), shade(skin, 1.03), parts.FACE)
    nostrils = smooth([(bulb_x - wing * squash, tip[1] + wing * 0.3), (bulb_x, base[1]),
                       (bulb_x + wing * squash, tip[1] + wing * 0.3)], closed=False)  # fmt: skip
    pen.stroke(nostrils, dark, 0.035 * h)
    _mouth(pen, head, person, smile, sculpted)
    xs = [p[0] for p in upper + lower] + [tip[0]]
    return min(xs), -0.68 * h, max(xs), 1.0 * h


def _eye(pen: Pen, head: Head, person: Identity, azimuth: float, sculpted: bool) -> None:
    h = head.half
    x, y, _ = head.spot(azimuth, person.eye_height, 0.97)
    wide, high = person.eye_size * h * (0.25 + 0.75 * head.squash(azimuth)), person.eye_size * h * 0.62
    lid = shade(person.skin, 0.5)
    almond = smooth([(x - wide, y), (x, y - high), (x + wide, y), (x, y + high * 0.8)])
    pen.fill(ellipse(x, y - 0.01 * h, wide * 1.2, high * 1.4), shade(person.skin, 0.84), opacity=0.7)
    pen.fill(almond, shade(person.skin, 0.9) if sculpted else (250, 248, 244))
    if not sculpted:
        gaze = x + math.sin(head.yaw) * wide * 0.2
        pen.fill(ellipse(gaze, y, min(wide, high * 0.86), high * 0.86), person.eye)
        pen.fill(ellipse(gaze, y, high * 0.45, high * 0.45), (12, 10, 12))
        pen.fill(ellipse(gaze - high * 0.25, y - high * 0.3, high * 0.2, high * 0.2), (255, 255, 255))
    upper = smooth([(x - wide * 1.1, y + 0.01 * h), (x, y - high * 1.05), (x + wide * 1.1, y + 0.01 * h)], closed=False)
    pen.stroke(upper, lid, 0.035 * h)
    outer = 1 if azimuth > 0 else -1
    inner_y, outer_y = y - 0.21 * h + person.brow_tilt * h, y - 0.19 * h - person.brow_tilt * h
    reach = wide * 1.35
    brow = smooth([(x - outer * reach * 0.9, inner_y), (x, y - 0.265 * h), (x + outer * reach, outer_y)], closed=False)
    pen.stroke(brow, shade(person.skin, 0.8) if sculpted else shade(person.hair, 0.75), person.brow * h)


def _mouth(pen: Pen, head: Head, person: Identity, smile: float, sculpted: bool) -> None:
    h, v = head.half, 0.60
    span = math.degrees(math.asin(min(0.9, person.mouth_width / person.face_width)))
    azimuths = [a * span for a in (-1, -0.5, 0, 0.5, 1) if head.faces(a * span, 0.0)]
    if len(azimuths) < 2:
        return
    curve = [0.10 * smile * (1 - (a / span) ** 2) - 0.05 * smile for a in azimuths]
    middle = [head.spot(a, v + c, 0.97)[:2] for a, c in zip(azimuths, curve, strict=True)]
    lips = [person.lips * h * (1 - 0.8 * (a / span) ** 2) for a in azimuths]
    upper = [(x, y - w * 0.75) for (x, y), w in zip(middle, lips, strict=True)]
    lower = [(x, y + w) for (x, y), w in zip(middle, lips, strict=True)]
    red = shade(person.skin, 0.82) if sculpted else mix(person.skin, (172, 44, 54), 0.55)
    pen.fill(smooth(upper + lower[::-1], tension=9), red)
    if smile > 0.72 and not sculpted and len(middle) > 3:
        teeth = [(x, y + w * 0.55) for (x, y), w in zip(middle, lips, strict=True)]
        pen.fill(smooth(middle + teeth[::-1], tension=9), (248, 246, 240))
    pen.stroke(smooth(middle, closed=False), shade(red, 0.55), 0.026 * h)


def _beard(pen: Pen, head: Head, person: Identity) -> None:
    if person.beard == "none":
        return
    h, hair = head.half, shade(person.hair, 0.9)

    def band(reach: float, top: float, bottom: float, opacity: float, edge: float = 0.0) -> None:
        azimuths = [a for a in range(-int(reach), int(reach) + 1, 8) if head.faces(a, -0.05)]
        if len(azimuths) < 2:
            return
        upper = [head.spot(a, top - edge * (a / reach) ** 2, 0.98)[:2] for a in azimuths]
        lower = [head.spot(a, bottom - 0.42 * (a / 80) ** 2, 0.94)[:2] for a in azimuths]
        pen.fill(smooth(upper + lower[::-1], tension=8), hair, opacity=opacity)

    if person.beard in ("full", "stubble"):
        band(78, 0.46, 1.02, 0.92 if person.beard == "full" else 0.28, 0.5)
    if person.beard == "goatee":
        band(26, 0.72, 1.03, 0.9)
    if person.beard in ("moustache", "goatee", "full"):
        azimuths = [a for a in (-24, -12, 0, 12, 24) if head.faces(a, 0.0)]
        if len(azimuths) > 1:
            line = [head.spot(a, 0.475 + 0.05 * abs(a) / 24, 1.0)[:2] for a in azimuths]
            pen.stroke(smooth(line, closed=False), hair, 0.10 * h)


def draw_glasses(pen: Pen, head: Head, person: Identity) -> None:
    """Draw round, square or dark glasses with the temple that the camera sees."""
    h, v = head.half, person.eye_height
    frame, places = person.glasses_colour, []
    for azimuth in (person.eye_gap, -person.eye_gap):
        if not head.faces(azimuth, 0.12):
            continue
        x, y, _ = head.spot(azimuth, v, 1.05)
        wide, high = 0.27 * h * (0.2 + 0.8 * head.squash(azimuth)), 0.22 * h
        places.append((x, y))
        if person.glasses == "square":
            shape = polygon([(x - wide, y - high * 0.8), (x + wide, y - high * 0.8), (x + wide * 0.9, y + high * 0.8),
                             (x - wide * 0.9, y + high * 0.8)])  # fmt: skip
        else:
            shape = ellipse(x, y, wide, high)
        if person.glasses == "dark":
            pen.fill(shape, (20, 22, 28), opacity=0.92)
        else:
            pen.fill(shape, (220, 235, 245), opacity=0.16)
        pen.stroke(shape, frame, 0.045 * h)
    if len(places) == 2:
        pen.stroke(smooth([places[0], places[1]], closed=False), frame, 0.04 * h)
    for azimuth, eye in ((92, person.eye_gap), (-92, -person.eye_gap)):
        if head.faces(azimuth, 0.2) and head.faces(eye, 0.0):
            hinge, ear = head.spot(eye + (18 if eye > 0 else -18), v, 1.05), head.spot(azimuth, v - 0.02, 1.02)
            pen.stroke(smooth([hinge[:2], ear[:2]], closed=False), frame, 0.04 * h)
