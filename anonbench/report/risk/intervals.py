"""Intervals of what attackers reach, and of how far that is above the control."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from statsmodels.stats.proportion import proportion_confint

from anonbench.report.risk.outcomes import Outcomes


@dataclass(frozen=True)
class Interval:
    """A value with its interval, all fractions of 1."""

    value: float
    low: float
    high: float


def proportion(outcomes: Outcomes, confidence: float) -> Interval:
    """The mean outcome with Wilson's interval (1927).

    Probes of one person are alike, so that they count for fewer: their number is divided by the design effect, the
    variance of the mean over persons relative to that over independent probes (Kish, 1965).
    """
    probes = _effective(outcomes)
    value = _means(outcomes, np.ones((1, len(_people(outcomes)[0]))))[0]
    low, high = proportion_confint(value * probes, probes, 1 - confidence, method="wilson")
    return Interval(float(value), float(min(low, value)), float(max(high, value)))


def excess(attack: Outcomes, control: Outcomes, confidence: float, resamples: int, seed: int) -> Interval:
    """The risk ``(A - C) / (1 - C)``: of what the outline alone does not give away, the share that the attacker gets.

    The interval is by bootstrap over identities, paired: a resample has the same people in both. Where hardly anybody
    is linked, or everybody, resamples are all alike and their interval is far too narrow; so it reaches at least as far
    as Newcombe's (1998) of a difference of two proportions, from Wilson's intervals of both.

    Raises
    ------
    ValueError
        If attack and control are not of the same probes.
    """
    if not np.array_equal(attack.identities, control.identities):
        raise ValueError("the attack and its control are of different probes")
    people, _ = _people(attack)
    draws = np.random.default_rng(seed).multinomial(len(people), np.full(len(people), 1 / len(people)), resamples)
    a, c = _means(attack, draws), _means(control, draws)
    once, above = proportion(attack, confidence), proportion(control, confidence)
    value = _risk(once.value, above.value)
    with np.errstate(invalid="ignore"):
        risks = np.array([_risk(x, y) for x, y in zip(a, c, strict=True) if not math.isnan(x + y)])
    low, high = np.quantile(risks, [(1 - confidence) / 2, (1 + confidence) / 2]) if len(risks) else (value, value)
    left = 1 - above.value
    if left > 0:
        difference = once.value - above.value
        low = min(low, (difference - math.hypot(once.value - once.low, above.high - above.value)) / left)
        high = max(high, (difference + math.hypot(once.high - once.value, above.value - above.low)) / left)
    return Interval(value, float(max(-1.0, low)), float(min(1.0, high)))


def _risk(attack: float, control: float) -> float:
    """At most 1; where the control already gives everything away, nothing is left to lose."""
    return 0.0 if control >= 1 else (attack - control) / (1 - control)


def _people(outcomes: Outcomes) -> tuple[np.ndarray, np.ndarray]:
    """The identities, and which of them each probe is of."""
    return np.unique(outcomes.identities, return_inverse=True)


def _means(outcomes: Outcomes, draws: np.ndarray) -> np.ndarray:
    """The mean outcome of every resample (B, people), strata first; NaN where a stratum is empty."""
    _, of = _people(outcomes)
    means = []
    for stratum in np.unique(outcomes.strata):
        rows = outcomes.strata == stratum
        count = np.bincount(of[rows], minlength=draws.shape[1])
        total = np.bincount(of[rows], outcomes.values[rows], minlength=draws.shape[1])
        with np.errstate(invalid="ignore"):
            means.append((draws @ total) / (draws @ count))
    return np.mean(means, axis=0)


def _effective(outcomes: Outcomes) -> float:
    """How many independent probes these are worth, at least one a person."""
    people, of = _people(outcomes)
    values, probes = outcomes.values, len(outcomes.values)
    off = values - values.mean()
    within_all = float((off**2).sum())
    if within_all == 0 or len(people) < 2:
        return float(len(people))
    between = float((np.bincount(of, off) ** 2).sum())
    return float(np.clip(probes * within_all / max(between, 1e-12), len(people), probes))
