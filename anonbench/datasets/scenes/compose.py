"""Who and what stands where: people, traffic and street furniture on the ground plane, far things first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from anonbench.datasets.scenes import backdrop, furniture, traffic
from anonbench.datasets.scenes.body import Drawn, draw_person
from anonbench.datasets.scenes.identity import Identity
from anonbench.datasets.scenes.skeleton import make_pose
from anonbench.datasets.scenes.svg import Pen, rect, shade

# How many people a scene has, and how often, 2.9 on average.
_CROWD = ((0, 0.03), (1, 0.15), (2, 0.25), (3, 0.26), (4, 0.17), (5, 0.09), (6, 0.05))
# Half width and height in mm, and how often a scene has one.
_TRAFFIC = {
    "car": (2150, 1500, 0.62), "bus": (4700, 3050, 0.13), "bicycle": (900, 1050, 0.34), "dog": (620, 800, 0.36),
    "bird": (350, 560, 0.22),
}  # fmt: skip
_FURNITURE = {
    "mannequin": (380, 1750), "poster": (700, 2350), "statue": (520, 2650), "cone": (230, 740), "pillar": (230, 1700),
    "lamp": (240, 4200), "bin": (320, 1000), "hydrant": (260, 790), "tree": (1200, 4500), "bench": (880, 860),
}  # fmt: skip


@dataclass
class Thing:
    """Something that stands on the ground; lengths are in 1/1000 of the image's height, ``scale`` in those per metre.

    ``category`` is None for what is not annotated. ``drawn`` is set once it has been drawn.
    """

    category: str | None
    x: float
    ground: float
    scale: float
    half_width: float
    height: float
    draw: Callable[[Pen], Drawn | None]
    flip: bool = False
    identity: int | None = None
    texture: int = backdrop.PAINT
    drawn: Drawn | None = None

    def hides(self, other: Thing) -> float:
        """The share of ``other``'s box that this one, standing nearer, hides."""
        wide = min(self.x + self.half_width, other.x + other.half_width) - max(
            self.x - self.half_width, other.x - other.half_width
        )
        high = min(self.ground, other.ground) - max(self.ground - self.height, other.ground - other.height)
        return max(0.0, wide) * max(0.0, high) / (2 * other.half_width * other.height)


def compose(
    view: backdrop.View, road: tuple[float, float], rng: np.random.Generator, pool: tuple[Identity, ...]
) -> list[Thing]:
    """Choose and place the things of a scene.

    Parameters
    ----------
    view
        The camera.
    road
        Image heights of the road's far and near edge.
    rng
        The scene's generator.
    pool
        The identities to draw people from, each at most once a scene.

    Returns
    -------
    list of Thing
        In drawing order, the farthest first.
    """
    things: list[Thing] = []
    for kind, (half, high, chance) in _TRAFFIC.items():
        while rng.random() < chance and len(things) < 4:
            _place(things, partial(_vehicle_or_animal, kind, half, high, view, road), rng)
            chance *= 0.4
    for kind in rng.choice(list(_FURNITURE), int(rng.integers(1, 5))):
        _place(things, partial(furniture_at, str(kind), view), rng)
    counts, weights = zip(*_CROWD, strict=True)
    crowd = int(rng.choice(counts, p=weights))
    for k in rng.choice(len(pool), crowd, replace=False):
        _place(things, partial(_person, pool[int(k)], view), rng)
    return sorted(things, key=lambda thing: thing.ground)


def _place(things: list[Thing], propose: Callable[[np.random.Generator], Thing], rng: np.random.Generator) -> None:
    """Add a proposal that hides nobody too much and is not hidden too much itself; give up after a while."""
    for _ in range(14):
        new = propose(rng)
        nearer = [t for t in things if t.ground >= new.ground]
        farther = [t for t in things if t.ground < new.ground]
        if any(t.hides(new) > 0.6 for t in nearer) or any(new.hides(t) > 0.6 for t in farther if t.category):
            continue
        if any(abs(t.ground - new.ground) < 12 and t.hides(new) > 0.12 for t in things):
            continue  # they would stand in one another
        things.append(new)
        return


def _vehicle_or_animal(
    kind: str, half: float, high: float, view: backdrop.View, road: tuple[float, float], rng: np.random.Generator
) -> Thing:
    far, near = road
    ground = float(rng.uniform(far, near))
    if kind == "bus":
        ground = far + (near - far) * 0.15
    elif kind in ("dog", "bird"):
        ground = float(rng.uniform(view.ground(230), 980))
    elif kind == "bicycle":
        ground = float(rng.uniform(far, 960))
    scale = view.scale(ground)
    seed = int(rng.integers(2**32))
    painter = {
        "car": traffic.draw_car, "bus": traffic.draw_bus, "bicycle": traffic.draw_bicycle, "dog": traffic.draw_dog,
        "bird": traffic.draw_bird,
    }[kind]  # fmt: skip

    def draw(pen: Pen) -> None:
        painter(pen, np.random.default_rng(seed))

    return Thing(
        kind, float(rng.uniform(-0.05, 1.05)) * view.width, ground, scale, half * scale / 1000, high * scale / 1000,
        draw, flip=bool(rng.random() < 0.5), texture=backdrop.CLOTH if kind in ("dog", "bird") else backdrop.PAINT,
    )  # fmt: skip


def furniture_at(kind: str, view: backdrop.View, rng: np.random.Generator) -> Thing:
    """A piece of street furniture at a random place on the ground."""
    half, high = _FURNITURE[kind]
    # Far enough not to fill the picture.
    scale = float(rng.uniform(130, 130 + 480_000 / (high + 900)))
    ground = min(view.ground(scale), 1040.0)
    scale = view.scale(ground)
    seed = int(rng.integers(2**32))

    def draw(pen: Pen) -> None:
        furniture.draw_furniture(pen, kind, np.random.default_rng(seed))

    x = float(rng.uniform(0.0, 1.0)) * view.width
    return Thing(None, x, ground, scale, half * scale / 1000, high * scale / 1000, draw)


def _person(person: Identity, view: backdrop.View, rng: np.random.Generator) -> Thing:
    # Sizes from about 15 to 75 % of the image's height, many more small than large, as on a street.
    tall = float(np.exp(rng.uniform(np.log(190), np.log(800))))
    ground = min(view.ground(tall / 1.7), 1130.0)
    scale = view.scale(ground)
    pose = make_pose(rng)
    high = person.height * scale / 1000
    wood = float(rng.uniform(0.6, 1.1))

    def draw(pen: Pen) -> Drawn:
        if pose.name == "sit":
            _seat(pen, person, wood)
        return draw_person(pen, person, pose)

    return Thing(
        "person", float(rng.uniform(-0.01, 1.01)) * view.width, ground, scale, 0.17 * high,
        high * (0.76 if pose.name == "sit" else 1.0), draw, identity=person.number, texture=backdrop.CLOTH,
    )  # fmt: skip


def _seat(pen: Pen, person: Identity, tone: float) -> None:
    """A block to sit on, which belongs to the background."""
    high = 0.27 * person.height
    block = Pen(0, backdrop.WALL, pen.defs)
    block.fill(rect(-0.2 * person.height, -high, 0.4 * person.height, high, 20), shade((150, 142, 132), tone), 0)
    block.fill(rect(-0.21 * person.height, -high, 0.42 * person.height, 0.05 * person.height, 20),
               shade((176, 168, 156), tone), 0)  # fmt: skip
    pen.take(block)
