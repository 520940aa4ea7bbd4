"""The names of what is drawn again with other seeds: variants, and the generators that make them."""

from __future__ import annotations

import re

_NAME = re.compile(r"(.+?)(?:-draw([1-9]\d*))?")


def with_draw(name: str, draw: int) -> str:
    """The name of a repetition: ``{name}-draw{draw}``, and of draw 0 the name itself."""
    return f"{name}-draw{draw}" if draw else name


def without_draw(name: str) -> tuple[str, int]:
    """The inverse of :func:`with_draw`."""
    found = _NAME.fullmatch(name)
    return (found[1], int(found[2] or 0)) if found else (name, 0)
