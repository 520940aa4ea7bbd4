"""The shape of a head: an ellipsoid that turns with the person, on which features have an azimuth and a height."""

from __future__ import annotations

import math
from dataclasses import dataclass

from anonbench.datasets.scenes.svg import Point

DEPTH = 0.88  # half depth of a skull in half heights


@dataclass
class Head:
    """Geometry of a head in mm on the person's plane, and what drawing it reveals.

    ``yaw`` is the head's own, in radians; ``tilt`` in degrees. ``points`` holds nose, eyes and ears as (x, y, hidden).
    """

    centre: Point
    half: float
    yaw: float
    tilt: float
    width: float

    def spot(self, azimuth: float, v: float, out: float = 1.0) -> tuple[float, float, float]:
        """The place (x, y, z) of a surface point at an azimuth (degrees, left of the face positive) and height v."""
        k = math.sqrt(max(0.0, 1 - min(1.0, abs(v) * 0.82) ** 2)) * out
        a = math.radians(azimuth)
        x0, z0 = self.width * k * math.sin(a), DEPTH * k * math.cos(a)
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return self.half * (x0 * cos + z0 * sin), self.half * v, self.half * (z0 * cos - x0 * sin)

    def place(self, x: float, y: float) -> Point:
        """A point of the untilted head on the person's plane."""
        t = math.radians(self.tilt)
        return (
            self.centre[0] + x * math.cos(t) - y * math.sin(t),
            self.centre[1] + x * math.sin(t) + y * math.cos(t),
        )

    @property
    def transform(self) -> str:
        return f"translate({self.centre[0]:.1f} {self.centre[1]:.1f}) rotate({self.tilt:.1f})"

    def faces(self, azimuth: float, limit: float = 0.05) -> bool:
        """Whether the surface at an azimuth is turned to the camera."""
        return math.cos(self.yaw + math.radians(azimuth)) > limit

    def squash(self, azimuth: float) -> float:
        """How much narrower a flat feature at an azimuth looks."""
        return max(0.0, math.cos(self.yaw + math.radians(azimuth)))
