"""COCO's protocol: box, mask and keypoint AP by pycocotools (https://cocodataset.org/#detection-eval)."""

from __future__ import annotations

import numpy as np

from anonbench.evaluate import coco
from anonbench.evaluate.comparison import Comparison
from anonbench.evaluate.matches import CategoryMatches
from anonbench.evaluate.metric import Metric, Resampled, Scores


class Coco(Metric[dict[str, CategoryMatches]]):
    """COCO's average precision and recall.

    - ``AP``, ``AP50``, ``AP75``: average precision over IoU (OKS) 0.50:0.05:0.95, and at 0.50 and 0.75
    - ``AP_small``, ``AP_medium``, ``AP_large``: by area, divided at 32² and 96² px (``pose`` has no ``AP_small``)
    - ``AR1``, ``AR10``, ``AR100``: average recall with that many detections per image; ``AR`` with 20 for ``pose``

    Categories have ``AP``, ``AP50`` and ``AP75``, in resamples ``AP`` alone. The details are the matches of every
    detection.
    """

    protocol = "coco"
    kinds = ("bbox", "segmentation", "keypoints")

    def score(self, comparison: Comparison) -> Scores:
        runs = coco.evaluations(comparison)
        return Scores(coco.overall(runs), coco.by_category(runs, comparison.categories))

    def details(self, comparison: Comparison) -> dict[str, CategoryMatches]:
        return coco.matches_by_category(coco.evaluations(comparison), comparison.categories)

    def resample(self, details: dict[str, CategoryMatches], draws: np.ndarray) -> Resampled:
        return coco.resampled(details, draws)
