"""Heads: skull, ears, face, hair and hat in the right order, and the keypoints on them."""

from __future__ import annotations

import math

from anonbench.datasets.scenes import parts
from anonbench.datasets.scenes.face import draw_face, draw_glasses
from anonbench.datasets.scenes.hair import VOLUMES, draw_hair_behind, draw_hair_front, draw_hat
from anonbench.datasets.scenes.headshape import DEPTH, Head
from anonbench.datasets.scenes.identity import Identity
from anonbench.datasets.scenes.svg import Pen, Point, ellipse, rgb, shade, smooth


def _outline(head: Head, person: Identity) -> list[Point]:
    """The skull and jaw, blended between the front view, the profile and the back."""
    turn = math.sin(head.yaw)
    front = (
        (-0.97, 0.30), (-0.72, 0.76), (-0.30, 0.99), (0.12, 1.0), (0.50, 0.72 + 0.3 * person.jaw - 0.02),
        (0.80, person.jaw * 0.72), (0.99, person.chin),
    )  # fmt: skip
    # Half extents over the half depth: the face's side and the back of the head.
    face = ((-0.97, 0.30), (-0.72, 0.82), (-0.30, 0.97), (0.12, 0.98), (0.50, 0.95), (0.80, 0.87), (0.99, 0.62))
    back = ((-0.97, 0.45), (-0.72, 0.86), (-0.30, 1.06), (0.12, 1.0), (0.50, 0.62), (0.80, 0.10), (0.99, -0.16))
    amount = abs(turn) ** 1.5
    points: list[list[Point]] = [[], []]
    for k, (v, w) in enumerate(front):
        for side in (0, 1):
            towards_face = (side == 1) == (turn > 0)
            profile = (face if towards_face else back)[k][1] * DEPTH
            extent = (w * person.face_width * (1 - amount) + profile * amount) * head.half
            points[side].append((extent if side else -extent, v * head.half))
    return points[1] + points[0][::-1]


def draw_head(
    pen: Pen, behind: Pen, head: Head, person: Identity, smile: float, sculpted: bool = False
) -> dict[str, tuple]:
    """Draw a head with its face, ears, hair and hat.

    Parameters
    ----------
    behind
        Takes the hair that hangs down on the far side, behind neck and trunk.
    sculpted
        Whether it is of stone or plastic: no hair, eyes without iris.

    Returns
    -------
    dict
        Keypoints ``nose``, ``left_eye``, ... as (x, y, hidden) on the person's plane, and ``face``: the box
        (x0, y0, x1, y1) of the turned face there, or None where it faces away.
    """
    skin, style = person.skin, "bald" if sculpted else person.hair_style
    dark = shade(skin, 0.78)
    hair = person.hair
    volume = VOLUMES[style] * person.hair_volume
    facing = math.cos(head.yaw)
    behind.open(head.transform)
    draw_hair_behind(behind, head, style, hair, volume)
    behind.close()
    pen.open(head.transform)
    for azimuth in (96, -96):
        if not head.faces(azimuth, 0.3):
            _ear(pen, head, person, azimuth)
    outline = _outline(head, person)
    glow = pen.define(
        '<radialGradient id="{id}" cx=".42" cy=".4" r=".75">'
        f'<stop offset="0" stop-color="{rgb(shade(skin, 1.12))}"/><stop offset=".6" stop-color="{rgb(skin)}"/>'
        f'<stop offset="1" stop-color="{rgb(dark)}"/></radialGradient>'
    )
    pen.fill(smooth(outline), f"url(#{glow})", parts.HEAD)
    box = None
    if facing > -0.42:  # a little past the profile cheek and nose still show
        box = draw_face(pen, head, person, smile, sculpted)
    if facing < -0.1:  # but it is no longer a view of the face
        box = None
    for azimuth in (96, -96):
        if head.faces(azimuth, 0.3):
            _ear(pen, head, person, azimuth)
    if style != "bald":
        draw_hair_front(pen, head, style, hair, volume)
    if person.glasses != "none" and not sculpted:
        draw_glasses(pen, head, person)
    if person.hat != "none" and not sculpted:
        draw_hat(pen, head, person)
    pen.close()

    found: dict[str, tuple] = {}
    v = person.eye_height
    for name, azimuth, height, out in (
        ("nose", 0, person.nose_length * 0.75 + v, 1.12), ("left_eye", person.eye_gap, v, 0.97),
        ("right_eye", -person.eye_gap, v, 0.97), ("left_ear", 96, 0.1, 1.0), ("right_ear", -96, 0.1, 1.0),
    ):  # fmt: skip
        x, y, _ = head.spot(azimuth, height, out)
        limit = {"nose": -0.2, "left_ear": -0.15, "right_ear": -0.15}.get(name, 0.06)
        found[name] = (*head.place(x, y), not head.faces(azimuth, limit))
    if box is not None:
        corners = [head.place(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        xs, ys = [c[0] for c in corners], [c[1] for c in corners]
        found["face"] = (min(xs), min(ys), max(xs), max(ys))
    else:
        found["face"] = None
    return found


def _ear(pen: Pen, head: Head, person: Identity, azimuth: float) -> None:
    h = head.half
    x, y, _ = head.spot(azimuth, 0.1, 1.02)
    # Seen from the front an ear stands off the outline, from the side it is a full shell.
    flat = abs(math.sin(head.yaw))
    wide, high = (0.09 + 0.07 * flat) * h * person.ears, 0.2 * h * person.ears
    pen.fill(ellipse(x, y, wide, high), shade(person.skin, 0.93), parts.EAR)
    pen.fill(ellipse(x, y, wide * 0.5, high * 0.6), shade(person.skin, 0.74))
