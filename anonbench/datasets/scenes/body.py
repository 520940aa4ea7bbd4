"""People: a head, clothed trunk and limbs in depth order around a posed skeleton."""

from __future__ import annotations

import math
from dataclasses import dataclass

from anonbench.datasets.scenes import parts
from anonbench.datasets.scenes.figure import Figure
from anonbench.datasets.scenes.head import draw_head
from anonbench.datasets.scenes.headshape import Head
from anonbench.datasets.scenes.identity import Identity
from anonbench.datasets.scenes.limbs import draw_arms, draw_legs
from anonbench.datasets.scenes.outfit import draw_bag, draw_trunk
from anonbench.datasets.scenes.skeleton import Pose, pose_skeleton
from anonbench.datasets.scenes.svg import Pen


@dataclass(frozen=True)
class Drawn:
    """What drawing a person yields, in mm: COCO keypoints as (x, y, showing parts), and the face's xyxy box or None."""

    keypoints: dict[str, tuple[float, float, frozenset[int]]]
    face: tuple[float, float, float, float] | None


def draw_person(pen: Pen, person: Identity, pose: Pose, sculpted: bool = False) -> Drawn:
    """Draw a posed person in mm around the point on the ground between their feet.

    Parameters
    ----------
    sculpted
        Draw a figure of stone or plastic: a head without hair and irises, no bag.
    """
    sk = pose_skeleton(person, pose)
    body = Figure(pen, person, sk, pose.name == "sit")
    draw_legs(body)
    draw_trunk(body)
    draw_arms(body)
    if person.bag != "none" and not sculpted:
        draw_bag(body)
    yaw = math.radians(pose.head_yaw)
    head = Head(body.at("head"), sk.head, yaw, pose.head_tilt, person.face_width)
    top = body.layer(24 if math.cos(yaw) > -0.3 else 16)
    found = draw_head(top, body.layer(-6), head, person, pose.smile, sculpted)
    for _, layer in sorted(body.layers, key=lambda item: item[0]):
        pen.take(layer)

    keypoints: dict[str, tuple[float, float, frozenset[int]]] = {}
    for name in parts.KEYPOINTS:
        if name in found:
            x, y, hidden = found[name]
        else:
            x, y, z = sk.joints[name]
            hidden = name.split("_")[1] in ("shoulder", "hip") and z < -0.45 * sk.hip
        keypoints[name] = (x, y, parts.showing_parts(name, hidden))
    return Drawn(keypoints, found["face"])
