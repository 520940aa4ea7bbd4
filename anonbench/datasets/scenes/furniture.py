"""What a detector must not take for a person: mannequins, posters, statues, cones, pillars. Never annotated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from anonbench.datasets.scenes.backdrop import draw_tree
from anonbench.datasets.scenes.body import draw_person
from anonbench.datasets.scenes.identity import CLOTHS, make_identity
from anonbench.datasets.scenes.skeleton import make_pose
from anonbench.datasets.scenes.svg import Pen, capsule, ellipse, polygon, rect, shade, smooth

FURNITURE = ("mannequin", "poster", "statue", "cone", "pillar", "lamp", "bin", "hydrant", "tree", "bench")


def draw_furniture(pen: Pen, kind: str, rng: np.random.Generator) -> None:
    """Draw one piece in mm around the point on the ground below it."""
    {
        "mannequin": _mannequin, "poster": _poster, "statue": _statue, "cone": _cone, "pillar": _pillar, "lamp": _lamp,
        "bin": _bin, "hydrant": _hydrant, "tree": _tree, "bench": _bench,
    }[kind](pen, rng)  # fmt: skip


def _mannequin(pen: Pen, rng: np.random.Generator) -> None:
    """A dressed shop figure on a stand: a person's outline and clothes, but a blank plastic head and hands."""
    plastic = ((232, 226, 216), (206, 206, 208), (60, 60, 64), (214, 190, 160))[int(rng.integers(4))]
    figure = replace(
        make_identity(rng, -1), skin=plastic, hair=plastic, child=False, height=1700.0, hat="none", shoes=plastic
    )
    pen.fill(ellipse(0, 20, 330, 60), (70, 72, 76), 0)
    pen.stroke("M0 10L0 -500", (110, 112, 116), 40, 0)
    draw_person(pen, figure, replace(make_pose(rng, "stand"), yaw=float(rng.uniform(-30, 30))), sculpted=True)


def _statue(pen: Pen, rng: np.random.Generator) -> None:
    """A person of one stone or bronze on a pedestal."""
    stone = ((150, 150, 144), (98, 120, 108), (120, 96, 70), (186, 180, 166))[int(rng.integers(4))]
    tones = [shade(stone, f) for f in (1.0, 0.86, 0.94, 0.8)]
    figure = replace(
        make_identity(rng, -1), skin=tones[0], hair=tones[1], child=False, height=1750.0, hat="none", shoes=tones[1],
        top_colour=tones[2], top_colour2=tones[2], top_pattern="plain", bottom_colour=tones[3],
    )  # fmt: skip
    pen.fill(rect(-520, -120, 1040, 140), shade(stone, 0.8), 0)
    pen.fill(rect(-420, -800, 840, 690), shade(stone, 0.92), 0)
    pen.fill(rect(-480, -880, 960, 110), shade(stone, 1.05), 0)
    pen.fill(rect(-220, -560, 440, 220), shade(stone, 0.7))
    pen.open("translate(0 -880)")
    draw_person(pen, figure, make_pose(rng, ("stand", "raise", "hips", "relaxed")[int(rng.integers(4))]), sculpted=True)
    pen.close()


def _poster(pen: Pen, rng: np.random.Generator) -> None:
    """A framed two-tone advertisement with a person on it."""
    ink, paper = (CLOTHS[int(k)] for k in rng.choice(len(CLOTHS), 2, replace=False))
    ink, paper = shade(ink, 0.75), shade(paper, 1.6)
    figure = replace(
        make_identity(rng, -1), skin=shade(ink, 1.5), hair=ink, top_colour=ink, top_colour2=shade(ink, 1.3),
        bottom_colour=shade(ink, 0.8), shoes=ink, bag="none", eye=ink, hat_colour=ink, height=1750.0, child=False,
    )  # fmt: skip
    pen.fill(rect(-700, -2350, 1400, 2150, 50), (52, 56, 62), 0)
    pen.fill(rect(-90, -260, 180, 260), (52, 56, 62), 0)
    pen.fill(rect(-620, -2270, 1240, 1990), paper)
    pen.fill(ellipse(0, -1400, 560, 620), shade(paper, 0.85))
    clip = pen.define('<clipPath id="{id}"><path d="M-620 -2270h1240v1990h-1240Z"/></clipPath>')
    close_up = rng.random() < 0.5
    pose = replace(make_pose(rng, "hips" if rng.random() < 0.5 else "wave"), yaw=float(rng.uniform(-25, 25)))
    printed = pen.child()
    printed.open(f"translate(0 {900 if close_up else -480}) scale({1.75 if close_up else 0.92})")
    draw_person(printed, figure, pose)
    printed.close()
    # Printed on the panel, the figure is a mere detail: in the picture of ids it is left out.
    pen.colour += [f'<g clip-path="url(#{clip})">', *printed.colour, "</g>"]
    for k in range(4):
        pen.fill(rect(-540, -460 + k * 45, float(rng.uniform(400, 1000)), 22), ink)
    pen.fill(rect(-540, -2200, 900, 130), ink)


def _cone(pen: Pen, rng: np.random.Generator) -> None:
    orange = (236, 98, 34)
    pen.fill(rect(-230, -60, 460, 60, 20), shade(orange, 0.7), 0)
    pen.fill(polygon([(-165, -50), (-40, -740), (40, -740), (165, -50)]), orange, 0)
    pen.fill(polygon([(-115, -330), (-85, -500), (85, -500), (115, -330)]), (240, 238, 232))
    pen.fill(polygon([(40, -740), (165, -50), (70, -50), (10, -740)]), (0, 0, 0), opacity=0.15)


def _pillar(pen: Pen, rng: np.random.Generator) -> None:
    """A person-sized, person-coloured column: an upright thing with a round top."""
    colour = CLOTHS[int(rng.integers(len(CLOTHS)))]
    high = float(rng.uniform(1100, 2100))
    pen.fill(rect(-190, -high + 200, 380, high - 200), colour, 0)
    pen.fill(rect(-230, -120, 460, 120), shade(colour, 0.6), 0)
    pen.fill(rect(70, -high + 200, 120, high - 320), (0, 0, 0), opacity=0.18)
    top = ((228, 182, 148), (140, 92, 62), shade(colour, 1.3))[int(rng.integers(3))]
    pen.fill(ellipse(0, -high + 130, 180, 180), top, 0)
    pen.fill(rect(-190, -high * 0.6, 380, 90), shade(colour, 1.4))


def _lamp(pen: Pen, rng: np.random.Generator) -> None:
    iron = ((52, 58, 60), (40, 70, 58), (110, 112, 116))[int(rng.integers(3))]
    pen.fill(capsule((0, 0), (0, -3600), 60, 42), iron, 0)
    pen.fill(rect(-110, -300, 220, 300, 40), shade(iron, 0.8), 0)
    pen.fill(polygon([(-190, -4050), (190, -4050), (110, -3600), (-110, -3600)]), (250, 240, 206), 0)
    pen.fill(polygon([(-240, -4050), (0, -4260), (240, -4050)]), iron, 0)


def _bin(pen: Pen, rng: np.random.Generator) -> None:
    colour = ((52, 84, 62), (70, 74, 80), (44, 74, 120))[int(rng.integers(3))]
    pen.fill(polygon([(-240, 0), (-290, -900), (290, -900), (240, 0)]), colour, 0)
    pen.fill(rect(-320, -1000, 640, 120, 50), shade(colour, 0.7), 0)
    for x in (-160, 0, 160):
        pen.fill(rect(x - 20, -820, 40, 720), shade(colour, 0.75))


def _hydrant(pen: Pen, rng: np.random.Generator) -> None:
    red = ((196, 40, 34), (230, 178, 40))[int(rng.integers(2))]
    pen.fill(rect(-120, -640, 240, 640, 40), red, 0)
    pen.fill(ellipse(0, -660, 150, 130), shade(red, 1.1), 0)
    pen.fill(capsule((-190, -430), (190, -430), 70, 70), shade(red, 0.85), 0)
    pen.fill(ellipse(0, -430, 80, 80), shade(red, 0.6))
    pen.fill(rect(-170, -80, 340, 80, 20), shade(red, 0.7), 0)


def _tree(pen: Pen, rng: np.random.Generator) -> None:
    draw_tree(pen, pen, 0, 0, 900, rng)


def _bench(pen: Pen, rng: np.random.Generator) -> None:
    wood = ((140, 96, 58), (92, 108, 84))[int(rng.integers(2))]
    for x in (-680, 680):
        pen.fill(rect(x - 40, -860, 80, 860), (50, 52, 56), 0)
    for y in (-860, -720, -580):
        pen.fill(rect(-820, y, 1640, 100, 16), wood, 0)
    pen.fill(smooth([(-840, -430), (840, -430), (880, -370), (-880, -370)], tension=12), shade(wood, 0.8), 0)


def draw_shadow(pen: Pen, width: float) -> None:
    """A soft contact shadow on the ground; it belongs to nobody."""
    for spread in (1.0, 0.8, 0.6):
        pen.fill(
            ellipse(width * 0.12, 0, width * spread, min(0.17 * width, 190.0) * spread), (10, 12, 20), opacity=0.17
        )
