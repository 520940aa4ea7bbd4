"""Drawing twice at once: every shape goes into the colour picture and, flat and crisp, into the picture of ids."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from resvg_py import svg_to_bytes

Point = tuple[float, float]


def rgb(colour: Sequence[float]) -> str:
    """An SVG colour from three channels in [0, 255]; values outside are clipped."""
    red, green, blue = (min(255, max(0, round(c))) for c in colour)
    return f"#{red:02x}{green:02x}{blue:02x}"


def mix(a: Sequence[float], b: Sequence[float], t: float) -> tuple[float, ...]:
    """The colour ``t`` of the way from ``a`` to ``b``."""
    return tuple(x + (y - x) * t for x, y in zip(a, b, strict=True))


def shade(colour: Sequence[float], factor: float) -> tuple[float, ...]:
    """``colour`` darkened (factor < 1) or lightened towards white (factor > 1)."""
    return tuple(c * factor for c in colour) if factor <= 1 else mix(colour, (255, 255, 255), factor - 1)


def polygon(points: Sequence[Point]) -> str:
    """Path data of a closed polygon."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "Z"


def smooth(points: Sequence[Point], closed: bool = True, tension: float = 6.0) -> str:
    """Path data of a Catmull-Rom spline through ``points`` as cubic Bezier segments."""
    count = len(points)
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for i in range(count if closed else count - 1):
        before = points[i - 1] if closed or i else points[0]
        start, end = points[i], points[(i + 1) % count]
        after = points[(i + 2) % count] if closed or i + 2 < count else end
        parts.append(
            f"C{start[0] + (end[0] - before[0]) / tension:.1f} {start[1] + (end[1] - before[1]) / tension:.1f} "
            f"{end[0] - (after[0] - start[0]) / tension:.1f} {end[1] - (after[1] - start[1]) / tension:.1f} "
            f"{end[0]:.1f} {end[1]:.1f}"
        )
    return "".join(parts) + ("Z" if closed else "")


def capsule(p: Point, q: Point, radius_p: float, radius_q: float) -> str:
    """Path data of a limb: two round ends of different radius joined by straight sides."""
    dx, dy = q[0] - p[0], q[1] - p[1]
    length = math.hypot(dx, dy)
    nx, ny = (-dy / length, dx / length) if length > 1e-6 else (0.0, 1.0)
    return (
        f"M{p[0] + nx * radius_p:.1f} {p[1] + ny * radius_p:.1f}L{q[0] + nx * radius_q:.1f} {q[1] + ny * radius_q:.1f}"
        f"A{radius_q:.1f} {radius_q:.1f} 0 0 0 {q[0] - nx * radius_q:.1f} {q[1] - ny * radius_q:.1f}"
        f"L{p[0] - nx * radius_p:.1f} {p[1] - ny * radius_p:.1f}"
        f"A{radius_p:.1f} {radius_p:.1f} 0 0 0 {p[0] + nx * radius_p:.1f} {p[1] + ny * radius_p:.1f}Z"
    )


def ellipse(cx: float, cy: float, rx: float, ry: float) -> str:
    """Path data of an upright ellipse."""
    return (
        f"M{cx - rx:.1f} {cy:.1f}A{rx:.1f} {ry:.1f} 0 1 1 {cx + rx:.1f} {cy:.1f}"
        f"A{rx:.1f} {ry:.1f} 0 1 1 {cx - rx:.1f} {cy:.1f}Z"
    )


def rect(x: float, y: float, width: float, height: float, radius: float = 0.0) -> str:
    """Path data of a rectangle, with rounded corners where ``radius`` is positive."""
    if radius <= 0:
        return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}Z"
    r = min(radius, width / 2, height / 2)
    return (
        f"M{x + r:.1f} {y:.1f}h{width - 2 * r:.1f}a{r:.1f} {r:.1f} 0 0 1 {r:.1f} {r:.1f}v{height - 2 * r:.1f}"
        f"a{r:.1f} {r:.1f} 0 0 1 {-r:.1f} {r:.1f}h{2 * r - width:.1f}a{r:.1f} {r:.1f} 0 0 1 {-r:.1f} {-r:.1f}"
        f"v{2 * r - height:.1f}a{r:.1f} {r:.1f} 0 0 1 {r:.1f} {-r:.1f}Z"
    )


class Pen:
    """Collects the markup of one object in both pictures.

    Parameters
    ----------
    owner
        The object's number in the picture of ids, 0 for the background, at most 255.
    texture
        The number of the surface texture that the photograph adds (:mod:`anonbench.datasets.scenes.photograph`).
    defs
        Definitions (gradients, patterns) shared by all pens of a scene.
    """

    def __init__(self, owner: int = 0, texture: int = 0, defs: list[str] | None = None) -> None:
        self.owner = owner
        self.texture = texture
        self.defs = [] if defs is None else defs
        self.colour: list[str] = []
        self.ids: list[str] = []

    def child(self) -> Pen:
        """An empty pen for a part of the same object, to be taken over in depth order."""
        return Pen(self.owner, self.texture, self.defs)

    def take(self, other: Pen) -> None:
        """Append another pen's markup."""
        self.colour += other.colour
        self.ids += other.ids

    def open(self, transform: str) -> None:
        """Open a group in both pictures."""
        group = f'<g transform="{transform}">'
        self.colour.append(group)
        self.ids.append(group)

    def close(self) -> None:
        """Close the group."""
        self.colour.append("</g>")
        self.ids.append("</g>")

    def define(self, markup: str) -> str:
        """Add a definition whose markup has ``{id}`` in place of its name; returns the name."""
        name = f"d{len(self.defs)}"
        self.defs.append(markup.replace("{id}", name))
        return name

    def fill(self, d: str, fill: Sequence[float] | str, part: int | None = None, opacity: float = 1.0) -> None:
        """Fill a path. ``part`` numbers the shape in the picture of ids; None leaves out a mere detail."""
        paint = fill if isinstance(fill, str) else rgb(fill)
        alpha = "" if opacity >= 1 else f' fill-opacity="{opacity:.2f}"'
        self.colour.append(f'<path d="{d}" fill="{paint}"{alpha}/>')
        if part is not None:
            self.ids.append(f'<path d="{d}" fill="{self.flat(part)}"/>')

    def stroke(
        self, d: str, stroke: Sequence[float] | str, width: float, part: int | None = None, opacity: float = 1.0
    ) -> None:
        """Stroke a path with round ends; otherwise as :meth:`fill`."""
        paint = stroke if isinstance(stroke, str) else rgb(stroke)
        line = f'fill="none" stroke-width="{width:.1f}" stroke-linecap="round" stroke-linejoin="round"'
        alpha = "" if opacity >= 1 else f' stroke-opacity="{opacity:.2f}"'
        self.colour.append(f'<path d="{d}" {line} stroke="{paint}"{alpha}/>')
        if part is not None:
            self.ids.append(f'<path d="{d}" {line} stroke="{self.flat(part)}"/>')

    def flat(self, part: int) -> str:
        """The colour of a part in the picture of ids: owner, part, texture."""
        return f"#{self.owner:02x}{part:02x}{self.texture:02x}"


def rasterise(body: list[str], defs: list[str], view: Point, size: tuple[int, int], crisp: bool) -> np.ndarray:
    """Render markup.

    Parameters
    ----------
    body, defs
        Elements and definitions.
    view
        Width and height of the drawing in user units.
    size
        (width, height) of the picture in px.
    crisp
        Whether edges are hard: each pixel then has the colour of exactly one shape.

    Returns
    -------
    numpy.ndarray
        (height, width, 3) RGB uint8.
    """
    width, height = size
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {view[0]:g} {view[1]:g}" width="{width}" '
        f'height="{height}" preserveAspectRatio="none"><defs>{"".join(defs)}</defs>{"".join(body)}</svg>'
    )
    png = svg_to_bytes(
        svg_string=svg,
        background="#000000",
        skip_system_fonts=True,
        width=width,
        height=height,
        shape_rendering="crisp_edges" if crisp else "geometric_precision",
    )
    decoded = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
