"""The images on which a variant's model and the originals' model differ most."""

from __future__ import annotations

from collections.abc import Iterable

from anonbench.evaluate.comparison import Comparison, compare
from anonbench.evaluate.contrasts.record import (
    CellContrast,
    ContrastCategory,
    ContrastImage,
    Detection,
    Instance,
    Mask,
    TaskContrast,
)
from anonbench.evaluate.contrasts.seen import Seen, most_different, see
from anonbench.evaluate.records import Record
from anonbench.models.predictions import Predictions

MOST = 20  # images of a task


def contrast_models(
    dataset: str,
    model: str,
    variant: str,
    seed: int,
    annotations: Record,
    predictions: tuple[Predictions, Predictions],
    tasks: Iterable[str],
) -> CellContrast:
    """The :data:`MOST` images of every task on which the two models differ most, the largest difference first.

    Parameters
    ----------
    dataset, model, variant, seed
        Of the variant's model.
    annotations
        The validation split in the common form.
    predictions
        Of the originals' model on it, and of the variant's.
    tasks
        Those that the models serve.

    Raises
    ------
    UserError, ValueError
        As :func:`anonbench.evaluate.comparison.compare` and the predictions' reading do.
    """
    found = {task: _contrast(*(compare(annotations, one, task) for one in predictions)) for task in tasks}
    return CellContrast(dataset=dataset, model=model, variant=variant, seed=seed, tasks=found)


def _contrast(original: Comparison, variant: Comparison) -> TaskContrast:
    kind = original.task.kind
    pairs = most_different(see(original), see(variant), MOST)
    return TaskContrast(
        kind=kind,
        categories=[
            ContrastCategory(id=one["id"], name=one["name"], skeleton=one.get("skeleton") or [])
            for one in original.categories
        ],
        images=[
            ContrastImage(
                file_name=first.image["file_name"],
                instances=[
                    Instance(category=record["category_id"], place=_place(record[kind])) for record in first.truth
                ],
                original=_detections(first, kind),
                variant=_detections(second, kind),
            )
            for first, second in pairs
        ],
    )


def _detections(seen: Seen, kind: str) -> list[Detection]:
    return [
        Detection(
            category=record["category_id"],
            place=_place(record[kind]),
            score=record["score"],
            match=int(match),
        )
        for record, match in zip(seen.found, seen.match, strict=True)
    ]


def _place(value: Record | list[float]) -> Mask | list[float]:
    if isinstance(value, dict):
        counts = value["counts"]
        return Mask(size=list(value["size"]), counts=counts if isinstance(counts, str) else counts.decode())
    return [float(number) for number in value]
