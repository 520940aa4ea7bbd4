"""Patterned cloth as SVG patterns."""

from __future__ import annotations

from anonbench.datasets.scenes.identity import Colour
from anonbench.datasets.scenes.svg import Pen, mix, rgb


def fabric(pen: Pen, kind: str, first: Colour, second: Colour, size: float, angle: float = 0.0) -> str:
    """A paint for :meth:`Pen.fill`: plain, stripes, pinstripes, checks, dots or blocks.

    Parameters
    ----------
    size
        Repeat of the pattern in the pen's user units.
    angle
        Rotation in degrees, to follow a limb.
    """
    if kind == "plain":
        return rgb(first)
    a, b = rgb(first), rgb(second)
    inner = {
        "stripes": f'<rect width="60" height="28" fill="{b}"/>',
        "pinstripes": f'<rect x="10" width="9" height="60" fill="{b}"/><rect x="40" width="9" height="60" fill="{b}"/>',
        "checks": (
            f'<rect width="26" height="60" fill="{b}" fill-opacity=".6"/>'
            f'<rect width="60" height="26" fill="{b}" fill-opacity=".6"/>'
            f'<rect x="40" width="5" height="60" fill="{rgb(mix(second, (255, 255, 255), 0.5))}"/>'
        ),
        "dots": f'<circle cx="15" cy="15" r="10" fill="{b}"/><circle cx="45" cy="45" r="10" fill="{b}"/>',
        "blocks": f'<rect width="30" height="30" fill="{b}"/><rect x="30" y="30" width="30" height="30" fill="{b}"/>',
    }[kind]
    name = pen.define(
        f'<pattern id="{{id}}" patternUnits="userSpaceOnUse" width="60" height="60" '
        f'patternTransform="rotate({angle:.0f}) scale({size / 60:.3f})">'
        f'<rect width="60" height="60" fill="{a}"/>{inner}</pattern>'
    )
    return f"url(#{name})"
