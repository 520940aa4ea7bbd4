"""Drawn people as a method anonymizes them, and what attackers reach on them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from anonbench.anonymize.frame import anonymize
from anonbench.attacks.attack import Case, Outcome
from anonbench.attacks.people import BLANK
from anonbench.attacks.record import AttackResult
from anonbench.config.plugins import ATTACKS, METHODS
from anonbench.regions.region import Region
from anonbench.report.risk.intervals import Interval, excess
from anonbench.report.risk.outcomes import Outcomes, headline_gallery, outcomes_of
from anonbench.variants.recipe import Recipe
from tests.helpers.album import Change, album, case, same

LEAKS = Path(__file__).parent / "leaks"


def by_method(name: str, **config: object) -> Change:
    """What a method makes of a picture of :mod:`tests.helpers.album`."""
    method, mask = METHODS.create(name, config), album(range(1), 1, same, 0).clear[0].mask
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    region = Region(np.array([x, y, x + width, y + height], float), mask)
    return lambda image, rng: anonymize(method, image, [region], rng).image


def attacked(name: str, people: int = 30, each: int = 4, **config: object) -> Case:
    """People, anonymized by a method, whose recipe the attacker has."""
    made = case(by_method(name, **config), people, each)
    return replace(made, recipe=Recipe(method=name, plugin=name, config=config))


def control(people: int = 30, each: int = 4) -> Case:
    """The same people, all in one colour."""
    return case(lambda image, rng: np.full_like(image, BLANK), people, each)


def reached(attack: str, people: Case, **config: object) -> Outcome:
    """What an attack reaches."""
    return ATTACKS.create(attack, {"attack": attack, **config}).attack(people)


def rank1(outcome: Outcome) -> Outcomes:
    """The headline of an outcome, by probe."""
    result = AttackResult(
        dataset="people", variant="face-x-low", region="face", attack="a", plugin="a", seed=0, surroundings="hidden",
        known=2, targets=2, photographs=8, linked=outcome.linked,
    )  # fmt: skip
    full = outcome.linked[0].gallery
    return next(
        one for one in outcomes_of(result) if one.criterion == "rank1" and one.gallery == headline_gallery(full)
    )


def above(attack: str, people: Case, **config: object) -> Interval:
    """The risk above the control of the same attack."""
    values = rank1(reached(attack, people, **config)), _of_control(attack, tuple(config.items()))
    return excess(*values, confidence=0.95, resamples=200, seed=0)


@cache
def _of_control(attack: str, config: tuple[tuple[str, object], ...]) -> Outcomes:
    return rank1(reached(attack, control(), **dict(config)))
