"""Random square crops around faces, as face detectors are trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS

ATTEMPTS = 250


@TRANSFORMS.register_module()
class RandomSquareCrop(BaseTransform):
    """Crop a square that holds the centre of a box, and keep the boxes whose centres it holds.

    Zhu et al., arXiv 2011.13183. An image is left as it is if no drawn square holds a centre, and cropped anywhere if
    it has no boxes.

    Parameters
    ----------
    sides
        Lengths of the square's side to draw from, as parts of the image's shorter side.
    """

    def __init__(self, sides: Sequence[float]) -> None:
        self.sides = tuple(sides)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        height, width = results["img"].shape[:2]
        boxes = results["gt_bboxes"].tensor.numpy()  # xyxy px
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        for _ in range(ATTEMPTS):
            side = max(1, int(np.random.choice(self.sides) * min(width, height)))
            corner = np.array([np.random.randint(width - side + 1), np.random.randint(height - side + 1)])
            kept = ((centres > corner) & (centres < corner + side)).all(axis=1)
            if kept.any() or not len(boxes):
                return self._crop(results, corner, side, kept)
        return results

    def _crop(self, results: dict[str, Any], corner: np.ndarray, side: int, kept: np.ndarray) -> dict[str, Any]:
        left, top = (int(c) for c in corner)
        results["img"] = np.ascontiguousarray(results["img"][top : top + side, left : left + side])
        results["img_shape"] = (side, side)
        boxes = results["gt_bboxes"][kept]
        boxes.translate_([-left, -top])
        boxes.clip_((side, side))
        results["gt_bboxes"] = boxes
        for key in ("gt_bboxes_labels", "gt_ignore_flags"):
            results[key] = results[key][kept]
        return results
