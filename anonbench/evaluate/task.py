"""The base class of tasks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.plugins import Plugin
from anonbench.evaluate.records import Record, named
from anonbench.models.predictions import Result


class Task(Plugin):
    """What a model is scored on: a kind of result, and how it and the annotations are compared.

    A task is served by every model that gives its kind of result. By which metrics it is scored is up to them, see
    :class:`anonbench.evaluate.metric.Metric`.
    """

    kind: ClassVar[str]
    """The kind of result that is scored: a key of annotations and :class:`anonbench.models.predictions.Predictions`."""
    iou_type: ClassVar[str]
    """What pycocotools calls the overlap by which a result is compared: ``bbox``, ``segm`` or ``keypoints``."""
    needs: ClassVar[str] = ""
    """What messages say that a category needs, such as ``"with keypoints "``."""

    def categories(self, split: Record) -> list[Record]:
        """The categories of a split in the common form that are scored, ids ascending.

        Raises
        ------
        UserError
            If there is none, or the split lacks what the task is scored with.
        """
        found = sorted(filter(self.takes, split["categories"]), key=lambda category: category["id"])
        if not found:
            raise UserError(
                f"{named(split)} has no category {self.needs}for the task {self.name}.",
                f"Take {self.name} out of the model's tasks for this dataset, or complete its categories.",
            )
        return found

    def takes(self, category: Record) -> bool:
        """Whether a category is scored."""
        return True

    def truth(self, annotation: Record, category: Record) -> Record:
        """A new ground-truth record of an annotation in the common form, with what the overlap is computed from.

        Returns
        -------
        dict
            ``image_id``, ``category_id``, ``bbox`` ``[x, y, w, h]`` px, ``area`` px, and ``iscrowd``, 1 where
            detections are neither right nor wrong.
        """
        _, _, w, h = annotation["bbox"]
        record = {key: annotation[key] for key in ("image_id", "category_id", "bbox")}
        return record | {"iscrowd": int(annotation.get("iscrowd", 0)), "area": annotation.get("area", w * h)}

    def found(self, result: Result, category: Record) -> Record:
        """A new record of a result, of which only :attr:`kind` is passed on beside ids and score.

        pycocotools would otherwise take the area, and so the split into small, medium and large, from a box beside a
        mask or pose.

        Returns
        -------
        dict
            ``image_id``, ``category_id``, ``score``, the kind, and its ``area`` in px.

        Raises
        ------
        UserError
            For a number that is not finite, as a diverged training gives.
        ValueError
            If the result does not fit its category.
        """
        value = result[self.kind]
        if not np.isfinite([result["score"], *self.numbers(value)]).all():
            raise UserError(
                f"The model's {self.name} results contain numbers that are not finite, so its training has diverged.",
                "Lower the learning rate in the model's config, or turn mixed precision off, and train it again.",
            )
        record = {"image_id": result["image_id"], "category_id": result["category_id"], self.kind: value}
        return record | {"score": float(result["score"]), "area": self.area(value, category)}

    def numbers(self, value: list[float]) -> Sequence[float]:
        """The numbers of a result's value that have to be finite."""
        return value

    @abstractmethod
    def area(self, value: list[float], category: Record) -> float:
        """The area in px of a result's value, as COCO's ``loadRes`` takes it."""
