"""One person close to the camera, from head to foot or as a bust, before a street."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from anonbench.datasets.scenes import backdrop
from anonbench.datasets.scenes.body import Drawn, draw_person
from anonbench.datasets.scenes.cast import Cast, attributes
from anonbench.datasets.scenes.compose import Thing, furniture_at
from anonbench.datasets.scenes.hair import VOLUMES
from anonbench.datasets.scenes.identity import SPLIT_CODES, Identity
from anonbench.datasets.scenes.render import Drawing, frame_of
from anonbench.datasets.scenes.skeleton import Pose, Skeleton, make_pose, pose_skeleton
from anonbench.datasets.scenes.svg import Pen

PortraitView = Literal["body", "face"]

# The fourth entry keeps these streams apart from those of street scenes, their light and identities.
_CODES = {"body": 3, "face": 4}
# Poses that fit into an upright picture.
_POSES = ("stand", "relaxed", "walk", "walk", "hips", "phone", "wave")
# Nothing that looks like another person.
_FURNITURE = ("cone", "pillar", "lamp", "bin", "hydrant", "tree", "bench")
# How tall somebody from head to foot, or a head, is in 1/1000 of the image's height.
_TALL = (720.0, 930.0)
_HEAD = (560.0, 740.0)
# How far a bust's head turns, in degrees, and how far the shoulders lag behind.
_TURN, _LAG = 35.0, 20.0
# What limbs and clothes add on either side of the joints, as a share of the person's height.
_FLESH = 0.06
# How far a hat or a bun reaches above the skull, in half heads.
_HAT, _BUN = 0.28, 0.25


def render_portrait(
    cast: Cast, index: int, size: tuple[int, int], view: PortraitView
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Draw, expose and annotate a photograph of one person.

    Parameters
    ----------
    cast
        The split's people.
    index
        The photograph's number in the split, which decides all about it.
    size
        (width, height) px.
    view
        ``body``: a whole person who fills 70 to 95 % of the height. ``face``: head and shoulders, the head 55 to 75 %
        of the height and turned by at most 35 degrees.

    Returns
    -------
    image
        (height, width, 3) RGB uint8.
    annotations
        The person's COCO record, without ``id`` and ``image_id``, with ``identity``, ``outfit`` and ``attributes``.
    """
    key = [cast.seed, SPLIT_CODES[cast.split], index, _CODES[view]]
    rng = np.random.default_rng(key)
    person, outfit = cast.appearing(index)
    frame = frame_of(size)
    base = Pen()
    things = (_whole if view == "body" else _bust)(base, person, frame, rng)
    drawing = Drawing(base, things, frame, size)
    records = drawing.annotations()
    for record in records:
        record |= {"outfit": outfit, "attributes": attributes(person, bag=view == "body")}
    return drawing.exposed(np.random.default_rng([*key, 1])), records


def _whole(base: Pen, person: Identity, frame: tuple[float, float], rng: np.random.Generator) -> list[Thing]:
    pose = make_pose(rng, _POSES[int(rng.integers(len(_POSES)))])
    left, top, right, bottom = _extent(person, pose)
    tall = float(rng.uniform(*_TALL))
    k = tall / (bottom - top)
    ground = 1000 - (1000 - tall) * float(rng.uniform(0.2, 0.8)) - bottom * k
    room = max(0.0, frame[0] - (right - left) * k) / 2
    x = frame[0] / 2 + 0.6 * room * float(rng.uniform(-1, 1)) - (left + right) / 2 * k
    horizon = float(rng.uniform(150, 380))
    view = backdrop.View(frame[0], horizon, (ground - horizon) / (1000 * k))
    backdrop.draw_backdrop(base, view, rng)
    standing = (furniture_at(str(kind), view, rng) for kind in rng.choice(_FURNITURE, int(rng.integers(3))))
    behind = [thing for thing in standing if thing.ground < ground - 30]
    return sorted(behind, key=lambda thing: thing.ground) + [_thing(person, pose, x, ground, k)]


def _bust(base: Pen, person: Identity, frame: tuple[float, float], rng: np.random.Generator) -> list[Thing]:
    turn = float(rng.uniform(-_TURN, _TURN))
    lag = float(rng.uniform(-_LAG, _LAG))
    pose = replace(make_pose(rng, ("stand", "relaxed")[int(rng.integers(2))]), yaw=turn + lag, head_yaw=turn)
    sk = pose_skeleton(person, pose)
    k = float(rng.uniform(*_HEAD)) / (2 * sk.head)
    above = _crown(person) * sk.head * k
    centre = max(above + 30, float(rng.uniform(430, 500)))
    across = frame[0] * float(rng.uniform(0.44, 0.56))
    head = sk.joints["head"]
    backdrop.draw_backdrop(
        base, backdrop.View(frame[0], float(rng.uniform(250, 480)), float(rng.uniform(1.3, 1.9))), rng
    )
    return [_thing(person, pose, across - head[0] * k, centre - head[1] * k, k)]


def _thing(person: Identity, pose: Pose, x: float, ground: float, k: float) -> Thing:
    def draw(pen: Pen) -> Drawn:
        return draw_person(pen, person, pose)

    high = person.height * k
    return Thing("person", x, ground, 1000 * k, 0.17 * high, high, draw, identity=person.number, texture=backdrop.CLOTH)


def _crown(person: Identity) -> float:
    """How far hair and hat reach above the head's centre, in half heads."""
    hair = max(VOLUMES[person.hair_style] * person.hair_volume, _BUN * (person.hair_style == "bun"))
    return 1 + max(hair, _HAT * (person.hat != "none"))


def _extent(person: Identity, pose: Pose) -> tuple[float, float, float, float]:
    """The xyxy box in mm that a posed person fills, about."""
    sk: Skeleton = pose_skeleton(person, pose)
    xs, ys = [joint[0] for joint in sk.joints.values()], [joint[1] for joint in sk.joints.values()]
    flesh = _FLESH * person.height
    top = min(sk.joints["head"][1] - _crown(person) * sk.head, min(ys) - flesh / 2)
    return min(xs) - flesh, top, max(xs) + flesh, max(ys) + flesh / 3
