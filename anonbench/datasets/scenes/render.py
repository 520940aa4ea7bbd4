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
    frame = (1000.0 * size[0] / size[1], 1000.0)
    view = backdrop.View(frame[0], float(rng.uniform(170, 380)), float(rng.uniform(1.45, 2.3)))
    base = Pen()
    road = backdrop.draw_backdrop(base, view, rng)
    things = compose(view, road, rng, pool)
    pens = [_draw(thing, number, base.defs) for number, thing in enumerate(things, 1)]

    def rasterise_ids() -> np.ndarray:
        return rasterise(base.ids + [m for pen in pens for m in pen.ids], [], frame, size, crisp=True)

    ids = rasterise_ids()
    shown = [_shows(thing, ids[..., 0] == pen.owner, frame, size) for thing, pen in zip(things, pens, strict=True)]
    if not all(shown):
        things = [thing for thing, ok in zip(things, shown, strict=True) if ok]
        pens = [pen for pen, ok in zip(pens, shown, strict=True) if ok]
        ids = rasterise_ids()
    picture = rasterise(base.colour + [m for pen in pens for m in pen.colour], base.defs, frame, size, crisp=False)
    image = photograph(picture, ids[..., 2], np.random.default_rng([*key, 1]))
    records = (_annotation(thing, pen.owner, ids, frame, size) for thing, pen in zip(things, pens, strict=True))
    return image, [record for record in records if record is not None]


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
