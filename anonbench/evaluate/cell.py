"""The record of one cell of the result matrix."""

from __future__ import annotations

from typing import Any

from anonbench.evaluate.score import score


def cell(
    dataset: str,
    model: str,
    variant: str,
    seed: int,
    evaluated_on: str,
    annotations: dict[str, Any],
    results: dict[str, list[dict[str, Any]]],
) -> dict[str, Any]:
    """Every metric of every task of one trained model on one set of images, as the cell's file holds it.

    Parameters
    ----------
    dataset, model, variant, seed
        The wildcards of the trained model.
    evaluated_on
        ``original`` or ``anonymized``.
    annotations
        The evaluated split in the common form.
    results
        task -> COCO results, as :func:`anonbench.evaluate.score.score` takes them.

    Returns
    -------
    dict
        The wildcards, the number of ``images``, and ``tasks``; nothing is rounded, and what is undefined is None.
    """
    return {
        "dataset": dataset,
        "model": model,
        "variant": variant,
        "seed": seed,
        "evaluated_on": evaluated_on,
        "images": len(annotations["images"]),
        "tasks": score(annotations, results),
    }
