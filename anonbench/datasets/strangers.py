"""Unannotated people: found by a detector while a split is converted, and dealt with as its user says.

Left as they are they stay visible in every variant, and a detector that is trained on it learns that real people are
background.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from anonbench.config.types import Unannotated
from anonbench.detect.beside import beside

# The least score of an unannotated person: an annotator may have been right not to see a person there.
CONFIDENT = 0.4


class Found(Protocol):
    """What a detector returns: (N, 4) ``xyxy`` px."""

    boxes: np.ndarray


@dataclass(frozen=True)
class Search:
    """How a split is searched for unannotated people.

    Parameters
    ----------
    policy
        What becomes of them (:class:`anonbench.config.datasets.DatasetConfig`).
    detect
        From an image, (height, width, 3) uint8 RGB, to the people in it.
    """

    policy: Unannotated
    detect: Callable[[np.ndarray], Found]

    def strangers(self, image: np.ndarray, people: Sequence[dict[str, Any]]) -> np.ndarray:
        """The boxes of people who are not among the annotated ones, (N, 4) ``xyxy`` px within the image.

        Parameters
        ----------
        image
            (height, width, 3) uint8 RGB.
        people
            Their records in the common form, crowds among them.
        """
        height, width = image.shape[:2]
        boxes = np.asarray(self.detect(image).boxes, float).reshape(-1, 4).clip(0, [width, height] * 2)
        known = [np.array([x, y, x + w, y + h], float) for x, y, w, h in (person["bbox"] for person in people)]
        boxes = boxes[beside(boxes, known)]
        return boxes[(boxes[:, 2:] - boxes[:, :2]).min(axis=1, initial=np.inf) >= 1] if len(boxes) else boxes


def painted(image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """An image with every pixel that one of the ``xyxy`` boxes touches filled black."""
    image = image.copy()
    for x1, y1, x2, y2 in boxes:
        image[int(np.floor(y1)) : int(np.ceil(y2)), int(np.floor(x1)) : int(np.ceil(x2))] = 0
    return image


def record_of(box: np.ndarray, category: int, policy: Unannotated) -> dict[str, Any]:
    """A stranger's record in the common form: an ignored region, like a crowd, of that category."""
    x1, y1, x2, y2 = box.round(2).tolist()
    xywh = [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]
    return {"category_id": category, "bbox": xywh, "area": xywh[2] * xywh[3], "iscrowd": 1, "unannotated": policy}
