"""How well a score tells two groups apart, with intervals by bootstrap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95  # of the intervals
FPR = 1e-2


@dataclass(frozen=True)
class Test:
    """The figures of a test by name, and how much it gives away, by which tests of several generators are compared."""

    figures: dict[str, float]
    risk: float = 0.0


def separation(
    positives: np.ndarray,
    negatives: np.ndarray,
    control_positives: np.ndarray,
    control_negatives: np.ndarray,
    resamples: int,
    rng: np.random.Generator,
    *,
    paired: bool,
) -> Test:
    """How well a score tells positives from negatives, and how much better than the control's score does.

    ``auc`` is the area under the ROC curve, ``tpr_1e-2`` the share of positives above all but 1 in 100 negatives (above
    all of fewer than 100), ``control_auc`` and ``control_tpr_1e-2`` the control's, ``excess`` the difference of the two
    areas; each with ``_low`` and ``_high``, the ends of its interval.

    Parameters
    ----------
    positives, negatives, control_positives, control_negatives
        (P,) and (N,) scores, the control's of the same people.
    resamples
        Of the bootstrap over people.
    rng
        Draws them.
    paired
        Whether positives and negatives with the same index belong together; a resample then has both or neither.
    """
    groups = positives, negatives
    control = control_positives, control_negatives
    wins, control_wins = _wins(*groups), _wins(*control)
    found: dict[str, list[float]] = {}

    def add(first: np.ndarray, second: np.ndarray) -> None:
        auc, below = (float(one[np.ix_(first, second)].mean()) for one in (wins, control_wins))
        values = {"auc": auc, "control_auc": below, "excess": auc - below}
        for name, (p, n) in (("", groups), ("control_", control)):
            values[f"{name}tpr_1e-2"] = float((p[first] > _threshold(n[second])).mean())
        for name, value in values.items():
            found.setdefault(name, []).append(value)

    add(*(np.arange(len(one)) for one in groups))
    for _ in range(resamples):
        first = rng.integers(len(positives), size=len(positives))
        add(first, first if paired else rng.integers(len(negatives), size=len(negatives)))
    figures = _with_intervals(found)
    return Test(figures, figures["excess"])


def share(
    outcomes: np.ndarray, control: np.ndarray, others: np.ndarray, resamples: int, rng: np.random.Generator
) -> Test:
    """The ``share`` of true outcomes, that of their ``control``, and that of ``others``.

    ``excess`` is by how much it exceeds the others'. Each has an interval, as above.

    Parameters
    ----------
    outcomes, control
        (N,) bool of the same people.
    others
        (M,) bool of others.
    """
    found: dict[str, list[float]] = {}

    def add(first: np.ndarray, second: np.ndarray) -> None:
        own, bare, theirs = (float(one.mean()) for one in (outcomes[first], control[first], others[second]))
        for name, value in (("share", own), ("control", bare), ("others", theirs), ("excess", own - theirs)):
            found.setdefault(name, []).append(value)

    add(np.arange(len(outcomes)), np.arange(len(others)))
    for _ in range(resamples):
        add(*(rng.integers(len(one), size=len(one)) for one in (outcomes, others)))
    figures = _with_intervals(found)
    return Test(figures, figures["excess"])


def _threshold(negatives: np.ndarray) -> float:
    """The score that at most :data:`FPR` of the negatives exceed."""
    return float(np.sort(negatives)[-1 - int(FPR * len(negatives) + 1e-9)])


def _wins(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """(P, N): 1 where the positive scores higher, half where they tie (Mann & Whitney, 1947)."""
    return (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)


def _with_intervals(found: dict[str, list[float]]) -> dict[str, float]:
    """The first value of each, and the ends of the interval of the others."""
    figures = {}
    for name, (value, *others) in found.items():
        figures[name] = value
        low, high = np.quantile(others, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]) if others else (value, value)
        figures |= {f"{name}_low": float(min(low, value)), f"{name}_high": float(max(high, value))}
    return figures
