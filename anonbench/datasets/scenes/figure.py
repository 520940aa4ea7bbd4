"""A posed person while being drawn: parts with their depth, and the trunk's outline."""

from __future__ import annotations

import math

from anonbench.datasets.scenes.identity import Colour, Identity
from anonbench.datasets.scenes.skeleton import Skeleton
from anonbench.datasets.scenes.svg import Pen, Point, shade, smooth


class Figure:
    """One person being drawn; parts are gathered with their depth and sorted at the end."""

    def __init__(self, pen: Pen, person: Identity, skeleton: Skeleton, sitting: bool) -> None:
        self.pen, self.person, self.sk = pen, person, skeleton
        self.layers: list[tuple[float, Pen]] = []
        self.cos, self.sin = math.cos(skeleton.facing), math.sin(skeleton.facing)
        self.sitting = sitting
        low, high = self.at("pelvis"), self.at("chest")
        length = math.hypot(high[0] - low[0], high[1] - low[1])
        self.up = ((high[0] - low[0]) / length, (high[1] - low[1]) / length)
        self.across = (-self.up[1], self.up[0])
        self.length = length

    def at(self, joint: str) -> Point:
        x, y, _ = self.sk.joints[joint]
        return x, y

    def z(self, *joints: str) -> float:
        return sum(self.sk.joints[j][2] for j in joints) / len(joints)

    def layer(self, depth: float) -> Pen:
        pen = self.pen.child()
        self.layers.append((depth, pen))
        return pen

    def turned(self, half_width: float, half_depth: float) -> float:
        """Half extent of an elliptic cross-section as the camera sees it."""
        return math.hypot(half_width * self.cos, half_depth * self.sin)

    def trunk_point(self, t: float, across: float) -> Point:
        """A point ``t`` of the way from pelvis to chest, ``across`` mm to the right of it in the image."""
        x, y = self.at("pelvis")
        return (
            x + self.up[0] * t * self.length + self.across[0] * across,
            y + self.up[1] * t * self.length + self.across[1] * across,
        )

    def band(self, levels: list[tuple[float, float, float]]) -> str:
        """The closed outline of trunk levels (t, half extent, shift), from top to bottom and back."""
        right = [self.trunk_point(t, w + shift) for t, w, shift in levels]
        left = [self.trunk_point(t, -w + shift) for t, w, shift in levels]
        return smooth(right + left[::-1], tension=7)

    def tone(self, colour: Colour, depth: float) -> Colour:
        """Limbs on the far side lie in the body's own shade."""
        return shade(colour, 0.84) if depth < -25 else colour
