"""What metrics compare: a split's annotations with a model's results for one task."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from anonbench.common.errors import UserError
from anonbench.config.plugins import TASKS
from anonbench.evaluate.records import Record
from anonbench.evaluate.records import counts as counts_as_instance
from anonbench.evaluate.task import Task
from anonbench.models.predictions import Predictions, Result


@dataclass(frozen=True)
class Comparison:
    """A split and a model's results for one task. Nothing of it is to be changed.

    Parameters
    ----------
    task
        What is scored.
    split
        The split in the common form.
    categories
        Those that are scored, ids ascending.
    results
        The model's results of the task's kind.
    """

    task: Task
    split: Record
    categories: list[Record]
    results: list[Result]

    @property
    def image_ids(self) -> list[int]:
        """Ascending."""
        return sorted(image["id"] for image in self.split["images"])

    def by_id(self) -> dict[int, Record]:
        """The scored categories by their ids."""
        return {category["id"]: category for category in self.categories}

    def annotations(self, categories: Collection[int] | None = None) -> list[Record]:
        """The annotations of the scored categories, or of those of them with these ids."""
        chosen = self.by_id().keys() if categories is None else categories
        return [record for record in self.split["annotations"] if record["category_id"] in chosen]

    def truth(self, categories: Collection[int] | None = None) -> list[Record]:
        """New ground-truth records of these annotations, which the caller may change."""
        by_id = self.by_id()
        return [self.task.truth(record, by_id[record["category_id"]]) for record in self.annotations(categories)]

    def found(self) -> list[Record]:
        """New records of all results, which the caller may change.

        Raises
        ------
        ValueError
            For a result of an unknown image or category, or one that does not fit its category.
        UserError
            For a result that is not finite.
        """
        images, by_id = {image["id"] for image in self.split["images"]}, self.by_id()
        for result in self.results:
            if result["image_id"] not in images or result["category_id"] not in by_id:
                raise ValueError(
                    f"{self.task.name}: image {result['image_id']} or category {result['category_id']} is not known"
                )
        return [self.task.found(result, by_id[result["category_id"]]) for result in self.results]

    def instances(self) -> dict[str, int]:
        """How many instances count, by category: all but crowds and people without a keypoint."""
        number = dict.fromkeys(self.by_id(), 0)
        for record in self.truth():
            number[record["category_id"]] += counts_as_instance(record)
        return {category["name"]: number[category["id"]] for category in self.categories}


def compare(annotations: Record, predictions: Predictions, task: str) -> Comparison:
    """What metrics compare for a task.

    Parameters
    ----------
    annotations
        The split in the common form.
    predictions
        A model's results on it.
    task
        A task's name.

    Raises
    ------
    UserError
        If there is no such task, the model does not serve it, or the split lacks what it is scored with.
    """
    scored: Task = TASKS.create(task, {})
    categories = scored.categories(annotations)
    if scored.kind not in predictions:
        raise UserError(
            f"The task {task!r} is scored by results with `{scored.kind}`, which the model does not give.",
            f"Take {task!r} out of the model's `tasks`, or train a model that serves it.",
        )
    return Comparison(scored, annotations, categories, predictions[scored.kind])
