"""MMPose's description of a dataset's keypoints, made from the common form's."""

from __future__ import annotations

import re
from typing import Any

from anonbench.regions.anatomy import mirror_partners

LOWER_BODY = re.compile(r"hip|knee|ankle|foot|heel|toe|leg", re.IGNORECASE)


def pose_metainfo(dataset: str, category: dict[str, Any]) -> dict[str, Any]:
    """MMPose's description of a category's keypoints: names, mirror partners, upper or lower body, limbs, sigmas.

    Parameters
    ----------
    dataset
        The dataset's name.
    category
        A category of the common form with ``keypoints``, ``sigmas`` and perhaps a ``skeleton`` of 1-based pairs. A
        keypoint's mirror partner has the same name with left and right exchanged.
    """
    names = category["keypoints"]
    partners = mirror_partners(names)
    return {
        "dataset_name": dataset,
        "keypoint_info": {
            i: {
                "name": name,
                "id": i,
                "type": "lower" if LOWER_BODY.search(name) else "upper",
                "swap": names[partners[i]] if partners[i] != i else "",
                "color": [0, 255, 0],
            }
            for i, name in enumerate(names)
        },
        "skeleton_info": {
            i: {"link": (names[a - 1], names[b - 1]), "id": i, "color": [0, 255, 0]}
            for i, (a, b) in enumerate(category.get("skeleton") or [])
        },
        "joint_weights": [1.0] * len(names),
        "sigmas": list(category["sigmas"]),
    }
