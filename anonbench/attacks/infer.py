"""Predicts what is labelled of people from what an attacker sees."""

from __future__ import annotations

import numpy as np

from anonbench.attacks.people import Album
from anonbench.attacks.record import Inferred

LEAST = 8  # people of a value, below which nothing is learned of it


def infer(known: Album, known_features: np.ndarray, targets: Album, features: np.ndarray) -> list[Inferred]:
    """Every attribute that the dataset labels, by a linear classifier that is learned from the known people.

    Parameters
    ----------
    known, known_features
        The people to learn from, and (N, D) of what is seen of each.
    targets, features
        The people to predict the attributes of, likewise.
    """
    names = sorted({name for person in known for name in person.attributes})
    found = (_of_attribute(name, known, known_features, targets, features) for name in names)
    return [inferred for inferred in found if inferred is not None]


def _of_attribute(
    name: str, known: Album, known_features: np.ndarray, targets: Album, features: np.ndarray
) -> Inferred | None:
    # Not above: the configuration is checked against the attackers before any job runs, and this takes its time.
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    values = np.array([person.attributes.get(name, "") for person in known])
    counts = {value: len(set(known.identities[values == value])) for value in set(values.tolist()) - {""}}
    learned = sorted(value for value, count in counts.items() if count >= LEAST)
    truth = np.array([person.attributes.get(name, "") for person in targets])
    rows, asked = np.isin(values, learned), np.isin(truth, learned)
    if len(learned) < 2 or not asked.any():
        return None
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, class_weight="balanced", max_iter=300))
    model.fit(known_features[rows], values[rows])
    right = model.predict(features[asked]) == truth[asked]
    return Inferred(
        attribute=name,
        identities=targets.identities[asked].tolist(),
        truth=truth[asked].tolist(),
        right=right.tolist(),
    )
