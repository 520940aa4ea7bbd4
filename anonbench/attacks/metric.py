"""A learned metric: what of an embedding differs between people more than between photographs of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_DIMENSIONS = 200
_SHRINKAGE = 0.1


def learn_metric(embeddings: np.ndarray, identities: np.ndarray, seed: int) -> Pipeline | None:
    """Principal components, then linear discriminants of the identities with shrunk covariance (Ledoit & Wolf, 2004).

    Parameters
    ----------
    embeddings
        (N, D).
    identities
        (N,), several of each.
    seed
        Of the principal components' solver.

    Returns
    -------
    Pipeline
        Its ``transform`` takes embeddings (M, D) to (M, d). None where all embeddings are the same.
    """
    # Not above: the configuration is checked against the attacks before any job runs, and scikit-learn takes its time.
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.feature_selection import VarianceThreshold
    from sklearn.pipeline import make_pipeline

    varying = int((np.ptp(embeddings, axis=0) > 0).sum())
    if not varying:
        return None
    dimensions = min(_DIMENSIONS, len(embeddings) - 1, varying)
    described = make_pipeline(VarianceThreshold(), PCA(dimensions, random_state=seed))
    seen = described.fit_transform(embeddings, identities)
    try:
        discriminants = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(seen, identities)
    except np.linalg.LinAlgError:  # of few people the shrunk covariance may be singular all the same
        discriminants = LinearDiscriminantAnalysis(solver="eigen", shrinkage=_SHRINKAGE).fit(seen, identities)
    return make_pipeline(described, discriminants)
