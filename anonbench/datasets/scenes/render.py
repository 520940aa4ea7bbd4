"""One street scene: drawn, exposed and annotated from (seed, split, index) alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonbench.datasets.scenes import annotate, backdrop
from anonbench.datasets.scenes.compose import Thing, compose
from anonbench.datasets.scenes.furniture import draw_shadow
from anonbench.datasets.scenes.identity import SPLIT_CODES, Identity
from anonbench.datasets.scenes.photograph import photograph
from anonbench.datasets.scenes.svg import Pen, rasterise

# An object that shows less than this share of its box is left out of the scene: what is drawn is annotated, and an
# annotation is worth learning from.
LEAST_SHARE = 0.04


def render_scene(
    seed: int, split: str, index: int, size: tuple[int, int], pool: tuple[Identity, ...]
) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Compose, draw, expose and annotate one image.

    Parameters
    ----------
    seed, split, index
        Decide the scene; neither the size nor the number of images does.
    size
        (width, height) px.
    pool
        The split's identities.

    Returns
    -------
    image
        (height, width, 3) RGB uint8.
    annotations
        COCO records without ``id`` and ``image_id``.
    """
    key = [seed, SPLIT_CODES[split], index]
    rng = np.random.default_rng(key)
    frame = frame_of(size)
    view = backdrop.View(frame[0], float(rng.uniform(170, 380)), float(rng.uniform(1.45, 2.3)))
    base = Pen()
    road = backdrop.draw_backdrop(base, view, rng)
    drawing = Drawing(base, compose(view, road, rng, pool), frame, size)
    drawing.leave_out_hidden()
    return drawing.exposed(np.random.default_rng([*key, 1])), drawing.annotations()


def frame_of(size: tuple[int, int]) -> tuple[float, float]:
    """Width and height of the drawing of an image of ``size`` (width, height) px, in 1/1000 of its height."""
    return 1000.0 * size[0] / size[1], 1000.0


class Drawing:
    """A backdrop with the things before it: drawn as a picture and as a picture of ids.

    Parameters
    ----------
    base
        Has the backdrop.
    things
        In drawing order, the farthest first.
    frame
        (width, height) of the drawing (:func:`frame_of`).
    size
        (width, height) px of the image.
    """

    def __init__(self, base: Pen, things: list[Thing], frame: tuple[float, float], size: tuple[int, int]) -> None:
        self._base, self._frame, self._size = base, frame, size
        self._things = things
        self._pens = [_draw(thing, number, base.defs) for number, thing in enumerate(things, 1)]
        self._ids = self._rasterised_ids()

    def leave_out_hidden(self) -> None:
        """Take out annotated things of which hardly anything is visible."""
        pairs = list(zip(self._things, self._pens, strict=True))
        shown = [
            (thing, pen) for thing, pen in pairs
            if _shows(thing, self._ids[..., 0] == pen.owner, self._frame, self._size)
        ]  # fmt: skip
        if len(shown) < len(pairs):
            self._things, self._pens = [thing for thing, _ in shown], [pen for _, pen in shown]
            self._ids = self._rasterised_ids()

    def exposed(self, rng: np.random.Generator) -> np.ndarray:
        """The photograph, (height, width, 3) RGB uint8."""
        colour = self._base.colour + [m for pen in self._pens for m in pen.colour]
        picture = rasterise(colour, self._base.defs, self._frame, self._size, crisp=False)
        return photograph(picture, self._ids[..., 2], rng)

    def annotations(self) -> list[dict[str, Any]]:
        """COCO records without ``id`` and ``image_id`` of what is visible."""
        pairs = zip(self._things, self._pens, strict=True)
        records = (_annotation(thing, pen.owner, self._ids, self._frame, self._size) for thing, pen in pairs)
        return [record for record in records if record is not None]

    def _rasterised_ids(self) -> np.ndarray:
        ids = self._base.ids + [m for pen in self._pens for m in pen.ids]
        return rasterise(ids, [], self._frame, self._size, crisp=True)


def _draw(thing: Thing, number: int, defs: list[str]) -> Pen:
    """Draw a thing where it stands. What is not annotated belongs to the background, number 0."""
    pen = Pen(number if thing.category else 0, thing.texture, defs)
    k = thing.scale / 1000
    pen.open(f"translate({thing.x:.2f} {thing.ground:.2f}) scale({-k if thing.flip else k:.5f} {k:.5f})")
    draw_shadow(pen, thing.half_width / k)
    thing.drawn = thing.draw(pen)
    pen.close()
    return pen


def _shows(thing: Thing, visible: np.ndarray, frame: tuple[float, float], size: tuple[int, int]) -> bool:
    """Whether enough of an annotated thing is visible; what is not annotated always stays."""
    if thing.category is None:
        return True
    box = 2 * thing.half_width * thing.height * size[0] * size[1] / (frame[0] * frame[1])
    return bool(visible.sum() >= max(1.0, LEAST_SHARE * box))


def _annotation(
    thing: Thing, owner: int, ids: np.ndarray, frame: tuple[float, float], size: tuple[int, int]
) -> dict[str, Any] | None:
    owners, part = ids[..., 0], ids[..., 1]
    visible = owners == owner
    if thing.category is None or not visible.any():
        return None
    record = annotate.annotate_object(visible, thing.category)
    if thing.identity is None or thing.drawn is None:
        return record
    k, px, py = thing.scale / 1000, size[0] / frame[0], size[1] / frame[1]

    def project(x: float, y: float) -> tuple[float, float]:
        return (thing.x + x * k) * px, (thing.ground + y * k) * py

    points = {name: (*project(x, y), shown) for name, (x, y, shown) in thing.drawn.keypoints.items()}
    face = thing.drawn.face
    box = None if face is None else (*project(face[0], face[1]), *project(face[2], face[3]))
    record |= annotate.annotate_keypoints(points, owners, part, owner)
    record |= annotate.annotate_face(box, owners, part, owner)
    record["identity"] = thing.identity
    return record
