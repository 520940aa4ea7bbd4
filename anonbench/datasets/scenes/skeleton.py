"""The articulated body: poses as joint angles, and forward kinematics to 3-D joints."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from anonbench.datasets.scenes.identity import Identity

Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Limb:
    """Angles in degrees, ``flex`` forward and ``out`` sideways; elbow or knee add ``bend`` and ``bend_out``."""

    flex: float
    out: float
    bend: float
    bend_out: float = 0.0


@dataclass(frozen=True)
class Pose:
    """Joint angles, in degrees, of one person in one image.

    Yaw 0 faces the camera, 90 faces the right of the image, 180 shows the back. ``hop`` is the height above the ground
    as a fraction of the person's; ``smile`` runs from -0.25 to 1.
    """

    name: str
    yaw: float
    head_yaw: float
    head_tilt: float
    lean: float
    sway: float
    hop: float
    left_arm: Limb
    right_arm: Limb
    left_leg: Limb
    right_leg: Limb
    smile: float


POSES = ("stand", "relaxed", "walk", "walk", "walk", "run", "raise", "wave", "hips", "phone", "sit")


def make_pose(rng: np.random.Generator, name: str | None = None) -> Pose:
    """Draw a pose with natural angles; ``name`` forces the kind (one of ``POSES``)."""

    def u(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    name = POSES[int(rng.integers(len(POSES)))] if name is None else name
    view = rng.random()
    if view < 0.48:
        yaw = u(-40, 40)
    elif view < 0.78:
        yaw = u(45, 105) * (1 if rng.random() < 0.5 else -1)
    else:
        yaw = 180 + u(-55, 55)
    left_arm, right_arm = Limb(u(-8, 12), u(5, 14), u(4, 24)), Limb(u(-8, 12), u(5, 14), u(4, 24))
    left_leg, right_leg = Limb(u(-4, 6), u(1, 7), u(-8, 0)), Limb(u(-4, 6), u(1, 7), u(-8, 0))
    lean, hop = u(-3, 3), 0.0
    if name in ("walk", "run"):
        strong = 1.0 if name == "walk" else 1.7
        sign = 1 if rng.random() < 0.5 else -1
        stride = u(14, 30) * strong * sign
        arms = u(12, 30) * strong * -sign
        elbow = u(8, 40) if name == "walk" else u(70, 100)
        back_knee = -u(14, 34) if name == "walk" else -u(60, 95)
        front_knee = -u(2, 10) if name == "walk" else -u(20, 50)
        left_leg = Limb(stride, u(0, 4), front_knee if stride > 0 else back_knee)
        right_leg = Limb(-stride, u(0, 4), back_knee if stride > 0 else front_knee)
        left_arm, right_arm = Limb(arms, u(5, 12), elbow), Limb(-arms, u(5, 12), elbow)
        lean = u(0, 6) if name == "walk" else u(8, 18)
        hop = 0.0 if name == "walk" else u(0.0, 0.03)
    elif name == "raise":
        left_arm, right_arm = Limb(0, u(115, 165), 0, u(-5, 30)), Limb(0, u(115, 165), 0, u(-5, 30))
    elif name == "wave":
        right_arm = Limb(u(0, 20), u(80, 125), 0, u(30, 70))
    elif name == "hips":
        left_arm, right_arm = Limb(-12, u(38, 50), 10, -u(85, 105)), Limb(-12, u(38, 50), 10, -u(85, 105))
    elif name == "phone":
        right_arm = Limb(u(20, 45), u(4, 18), u(90, 112), -u(8, 20))
        if rng.random() < 0.5:
            left_arm = Limb(u(20, 40), u(4, 16), u(80, 100), -u(10, 22))
    elif name == "sit":
        left_leg, right_leg = Limb(u(78, 90), u(4, 12), -u(78, 94)), Limb(u(78, 90), u(4, 12), -u(78, 94))
        left_arm, right_arm = Limb(u(15, 35), u(6, 12), u(25, 50), -6), Limb(u(15, 35), u(6, 12), u(25, 50), -6)
    elif name == "relaxed":
        left_leg = Limb(u(4, 14), u(3, 8), -u(14, 28))
        left_arm = Limb(u(-5, 20), u(6, 16), u(20, 75))
    return Pose(
        name=name, yaw=yaw, head_yaw=yaw + u(-22, 22), head_tilt=u(-7, 7), lean=lean, sway=u(-3, 3), hop=hop,
        left_arm=left_arm, right_arm=right_arm, left_leg=left_leg, right_leg=right_leg, smile=u(-0.25, 1.0),
    )  # fmt: skip


@dataclass(frozen=True)
class Skeleton:
    """Joints seen by the camera: x to the right and y down in mm from the point on the ground, z towards the camera.

    ``head`` is half the head's height; ``shoulder``, ``chest``, ``waist``, ``hip`` and ``depth`` are half extents of
    the trunk; ``reach`` scales the thickness of the limbs; all in mm. ``facing`` is the body's yaw in radians.
    """

    joints: dict[str, Vector]
    head: float
    shoulder: float
    chest: float
    waist: float
    hip: float
    depth: float
    facing: float
    reach: float


def _direction(flex: float, out: float, side: int) -> Vector:
    f, o = math.radians(flex), math.radians(out)
    return side * math.sin(o), -math.cos(o) * math.cos(f), math.cos(o) * math.sin(f)


def _along(start: Vector, direction: Vector, length: float) -> Vector:
    return start[0] + direction[0] * length, start[1] + direction[1] * length, start[2] + direction[2] * length


def pose_skeleton(person: Identity, pose: Pose) -> Skeleton:
    """Forward kinematics: an identity's bone lengths in a pose, turned to the camera.

    Bone lengths follow the usual drawing canon (hip joint a little above half the height, 7 to 7.5 heads for adults),
    with heads about a tenth larger, so that faces keep some pixels.
    """
    body = person.height * (1 - person.head)
    half_head = person.height * person.head / 2
    leg = 0.555 * body * person.legs
    thigh, shin, ankle = leg * 0.515, leg * 0.485, 0.05 * body
    trunk = 0.945 * body - leg - ankle
    upper, fore, hand = 0.2 * body, 0.172 * body, 0.07 * body
    shoulder = 0.128 * body * person.shoulders * (0.75 + 0.25 * person.girth)
    spread = 0.051 * body * person.hips

    # Person's own frame: x to their left, y up, z forwards; the pelvis is the origin.
    lean, sway = math.radians(pose.lean), math.radians(pose.sway)
    up = (math.sin(sway), math.cos(lean) * math.cos(sway), math.sin(lean))
    joints: dict[str, Vector] = {"pelvis": (0.0, 0.0, 0.0)}
    joints["chest"] = _along((0, 0, 0), up, trunk)
    joints["neck"] = _along(joints["chest"], up, 0.03 * body)
    joints["head"] = _along(joints["chest"], up, 0.055 * body + half_head * 0.97)
    for name, side, arm, limb in (
        ("left", 1, pose.left_arm, pose.left_leg),
        ("right", -1, pose.right_arm, pose.right_leg),
    ):
        chest = joints["chest"]
        joints[f"{name}_shoulder"] = (chest[0] + side * shoulder * 0.92, chest[1] - 0.046 * body, chest[2])
        joints[f"{name}_elbow"] = _along(joints[f"{name}_shoulder"], _direction(arm.flex, arm.out, side), upper)
        lower = _direction(arm.flex + arm.bend, arm.out + arm.bend_out, side)
        joints[f"{name}_wrist"] = _along(joints[f"{name}_elbow"], lower, fore)
        joints[f"{name}_hand"] = _along(joints[f"{name}_wrist"], lower, hand)
        joints[f"{name}_hip"] = (side * spread, 0.0, 0.0)
        joints[f"{name}_knee"] = _along(joints[f"{name}_hip"], _direction(limb.flex, limb.out, side), thigh)
        pitch = limb.flex + limb.bend
        joints[f"{name}_ankle"] = _along(joints[f"{name}_knee"], _direction(pitch, limb.out, side), shin)
        # A foot behind the body points down as it pushes off.
        tip = math.radians(min(0.0, pitch + 12) * 0.8)
        toe = (side * 0.18, -0.22 + math.sin(tip), math.cos(tip))
        joints[f"{name}_toe"] = _along(joints[f"{name}_ankle"], toe, 0.125 * body)
    lowest = min(min(joints[f"{s}_ankle"][1] - ankle, joints[f"{s}_toe"][1] - 0.02 * body) for s in ("left", "right"))
    lift = pose.hop * person.height - lowest
    turn = math.radians(pose.yaw)
    cos, sin = math.cos(turn), math.sin(turn)
    seen = {k: (x * cos + z * sin, -(y + lift), z * cos - x * sin) for k, (x, y, z) in joints.items()}
    girth = person.girth
    return Skeleton(
        joints=seen,
        head=half_head,
        shoulder=shoulder,
        chest=0.108 * body * (0.45 + 0.55 * girth) * (0.5 + 0.5 * person.shoulders),
        waist=0.086 * body * (0.1 + 0.9 * girth),
        hip=0.113 * body * person.hips * (0.45 + 0.55 * girth),
        depth=0.07 * body * (0.2 + 0.8 * girth),
        facing=turn,
        reach=0.2 * body * person.limbs,
    )
