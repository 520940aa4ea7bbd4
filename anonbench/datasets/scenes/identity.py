"""Identities: the parameter vectors of the people, and a disjoint pool of them for every split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Colour = tuple[float, float, float]

SPLIT_CODES = {"train": 1, "val": 2, "generator": 3}
POOL_SIZE = 64

SKINS: tuple[Colour, ...] = (
    (250, 222, 200), (242, 204, 176), (228, 182, 148), (206, 154, 116), (176, 122, 86), (140, 92, 62), (104, 66, 46),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = (
    (28, 24, 24), (52, 36, 28), (88, 58, 36), (126, 84, 48), (190, 148, 84), (222, 192, 128), (150, 66, 34),
    (168, 164, 162), (226, 224, 220),
)  # fmt: skip
EYES: tuple[Colour, ...] = ((70, 44, 26), (92, 62, 34), (64, 96, 130), (72, 108, 72), (98, 106, 112))
CLOTHS: tuple[Colour, ...] = (
    (198, 40, 46), (224, 122, 40), (236, 196, 60), (70, 142, 72), (34, 96, 88), (48, 110, 178), (30, 48, 104),
    (112, 62, 138), (208, 98, 144), (240, 238, 232), (200, 192, 176), (120, 118, 116), (44, 44, 48), (120, 82, 54),
    (150, 196, 216), (178, 38, 90),
)  # fmt: skip
TROUSERS: tuple[Colour, ...] = (
    (40, 56, 96), (62, 84, 128), (38, 38, 42), (92, 88, 82), (150, 130, 98), (84, 60, 44), (70, 78, 60),
    (188, 180, 164),
)  # fmt: skip
HAIR_STYLES = ("short", "short", "side", "crop", "bob", "long", "long", "ponytail", "bun", "afro", "bald")
PATTERNS = ("plain", "plain", "stripes", "pinstripes", "checks", "dots", "blocks")


@dataclass(frozen=True)
class Identity:
    """One person: everything about them that stays the same from image to image.

    Colours are RGB in [0, 255]. ``height`` is in mm; ``head`` is the head's height as a fraction of it. Other shape
    parameters are factors around 1. Facial lengths are fractions of half the head's height.
    """

    number: int
    child: bool
    feminine: bool
    height: float
    head: float
    girth: float
    shoulders: float
    hips: float
    limbs: float
    legs: float
    skin: Colour
    hair: Colour
    hair_style: str
    hair_volume: float
    face_width: float
    jaw: float
    chin: float
    eye: Colour
    eye_size: float
    eye_gap: float
    eye_height: float
    brow: float
    brow_tilt: float
    nose_length: float
    nose_width: float
    mouth_width: float
    lips: float
    ears: float
    freckles: bool
    beard: str
    glasses: str
    glasses_colour: Colour
    hat: str
    hat_colour: Colour
    top: str
    top_pattern: str
    top_colour: Colour
    top_colour2: Colour
    pattern_size: float
    sleeves: float
    bottom: str
    bottom_colour: Colour
    shoes: Colour
    bag: str
    bag_colour: Colour


def make_identity(rng: np.random.Generator, number: int) -> Identity:
    """Draw one identity; children are about one in six."""

    def pick(options):
        return options[int(rng.integers(len(options)))]

    def near(centre: float, spread: float) -> float:
        return float(centre + spread * np.clip(rng.normal(), -2, 2))

    def tint(colour: Colour, spread: float = 8.0) -> Colour:
        return tuple(float(np.clip(c + rng.normal() * spread, 8, 250)) for c in colour)

    child = bool(rng.random() < 0.16)
    feminine = bool(rng.random() < 0.5)
    style = pick(HAIR_STYLES)
    if feminine and style in ("bald", "crop"):
        style = pick(("bob", "long", "ponytail", "bun"))
    if child and style == "bald":
        style = "short"
    if not feminine and style in ("bob", "bun", "ponytail") and rng.random() < 0.7:
        style = pick(("short", "side", "crop"))
    hair = pick(HAIRS[:7] if child else HAIRS)
    bearded = not feminine and not child and rng.random() < 0.45
    top = pick(("tee", "shirt", "jacket", "coat", "hoodie", "dress", "dress")[: 7 if feminine else 5])
    bottom = pick(("trousers", "trousers", "jeans", "shorts", "skirt", "skirt")[: 6 if feminine else 4])
    first, second = rng.choice(len(CLOTHS), 2, replace=False)
    return Identity(
        number=number,
        child=child,
        feminine=feminine,
        height=near(1250, 110) if child else near(1665 if feminine else 1775, 75),
        head=near(0.19, 0.008) if child else near(0.152, 0.006),
        girth=near(1.0, 0.06) if child else float(np.clip(near(1.05, 0.17), 0.78, 1.5)),
        shoulders=near(0.92 if feminine or child else 1.06, 0.06),
        hips=near(1.08 if feminine else 0.95, 0.06),
        limbs=near(1.0, 0.1),
        legs=near(1.0, 0.025),
        skin=tint(pick(SKINS), 5),
        hair=tint(hair, 6),
        hair_style=style,
        hair_volume=near(1.0, 0.25),
        face_width=near(0.74, 0.045),
        jaw=near(0.74 if feminine or child else 0.84, 0.06),
        chin=near(0.30 if feminine else 0.38, 0.05),
        eye=pick(EYES),
        eye_size=near(0.165 if child else 0.145, 0.014),
        eye_gap=near(25.0, 1.8),
        eye_height=near(-0.02, 0.04),
        brow=near(0.05 if feminine else 0.075, 0.014),
        brow_tilt=near(0.0, 0.05),
        nose_length=near(0.34 if child else 0.42, 0.05),
        nose_width=near(0.17, 0.03),
        mouth_width=near(0.31, 0.05),
        lips=near(0.10 if feminine else 0.075, 0.02),
        ears=near(1.0, 0.14),
        freckles=bool(rng.random() < 0.12),
        beard=pick(("full", "goatee", "moustache", "stubble", "full")) if bearded else "none",
        glasses=pick(("round", "square", "dark")) if rng.random() < (0.1 if child else 0.28) else "none",
        glasses_colour=pick(((24, 22, 24), (96, 56, 30), (150, 30, 40), (60, 70, 96))),
        hat=pick(("cap", "beanie", "brim")) if rng.random() < 0.22 else "none",
        hat_colour=tint(pick(CLOTHS)),
        top=top,
        top_pattern=pick(PATTERNS),
        top_colour=tint(CLOTHS[first]),
        top_colour2=tint(CLOTHS[second]),
        pattern_size=float(rng.uniform(0.7, 1.5)),
        sleeves={"tee": 0.55, "dress": pick((0.3, 0.55, 2.0))}.get(top, pick((0.55, 2.0)) if top == "shirt" else 2.0),
        bottom=bottom,
        bottom_colour=tint(pick(TROUSERS if bottom != "skirt" else CLOTHS)),
        shoes=tint(pick(((40, 36, 36), (92, 58, 38), (232, 230, 226), (170, 44, 40), (54, 70, 110)))),
        bag=pick(("backpack", "handbag", "shoulder")) if rng.random() < 0.34 else "none",
        bag_colour=tint(pick(CLOTHS)),
    )


def identity_pool(seed: int, split: str) -> tuple[Identity, ...]:
    """The identities of a split: the same whatever number of images is asked for, and disjoint between splits."""
    code = SPLIT_CODES[split]
    # The fourth entry keeps these streams apart from those of the images, which have three.
    return tuple(make_identity(np.random.default_rng([seed, code, k, 7]), code * 1000 + k) for k in range(POOL_SIZE))
