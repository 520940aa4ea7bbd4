"""A learned metric: what of an embedding differs between people more than between photographs of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

_DIMENSIONS = 200
_SHRINKAGE = 0.1
_CODES = 60


def learn_metric(embeddings: np.ndarray, identities: np.ndarray, seed: int, *, codes: bool = False) -> Pipeline | None:
    """Principal components, then linear discriminants of the identities with shrunk covariance (Ledoit & Wolf, 2004).

    Parameters
    ----------
    embeddings
        (N, D).
    identities
        (N,), several of each.
    seed
        Of the principal components' solver.
    codes
        Whether to keep, beside the components, the single numbers that differ most between people for how they differ
        within: what is in one number only, such as a code in one pixel, is in no principal component.

    Returns
    -------
    Pipeline
        Its ``transform`` takes embeddings (M, D) to (M, d). None where all embeddings are the same.
    """
    # Not above: the configuration is checked against the attackers before any job runs, and this takes its time.
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.feature_selection import SelectKBest, VarianceThreshold
    from sklearn.pipeline import make_pipeline, make_union

    varying = int((np.ptp(embeddings, axis=0) > 0).sum())
    if not varying:
        return None
    dimensions = min(_DIMENSIONS, len(embeddings) - 1, varying)
    parts = [PCA(dimensions, random_state=seed)]
    if codes:
        parts.append(SelectKBest(_ratios, k=min(_CODES, varying)))
    described = make_pipeline(VarianceThreshold(), make_union(*parts))
    seen = described.fit_transform(embeddings, identities)
    try:
        discriminants = LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto").fit(seen, identities)
    except np.linalg.LinAlgError:  # of few people the shrunk covariance may be singular all the same
        discriminants = LinearDiscriminantAnalysis(solver="eigen", shrinkage=_SHRINKAGE).fit(seen, identities)
    return make_pipeline(described, discriminants)


def _ratios(embeddings: np.ndarray, identities: np.ndarray) -> np.ndarray:
    """(D,) the variance between people over the one within; what does not vary within counts most."""
    from scipy.sparse import csr_array

    _, who, counts = np.unique(identities, return_inverse=True, return_counts=True)
    photographs = np.arange(len(who))
    means = csr_array((1 / counts[who], (who, photographs))) @ embeddings
    around = (counts[:, None] * means**2).sum(0)
    within = np.einsum("ij,ij->j", embeddings, embeddings, dtype=np.float64) - around
    between = around - len(who) * embeddings.mean(0, dtype=np.float64) ** 2
    return between / np.maximum(within, 1e-9 * between.max())
