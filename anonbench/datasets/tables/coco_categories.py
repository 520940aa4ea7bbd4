"""A user's COCO categories as the common form's: which are people, how poses are scored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from anonbench.common.errors import UserError

# COCO's 17 keypoints and the sigmas of its evaluation (https://cocodataset.org/#keypoints-eval; pycocotools' Params).
COCO_SIGMAS = {
    "nose": 0.026,
    "left_eye": 0.025,
    "right_eye": 0.025,
    "left_ear": 0.035,
    "right_ear": 0.035,
    "left_shoulder": 0.079,
    "right_shoulder": 0.079,
    "left_elbow": 0.072,
    "right_elbow": 0.072,
    "left_wrist": 0.062,
    "right_wrist": 0.062,
    "left_hip": 0.107,
    "right_hip": 0.107,
    "left_knee": 0.087,
    "right_knee": 0.087,
    "left_ankle": 0.089,
    "right_ankle": 0.089,
}


def categories(
    content: dict[str, Any],
    path: Path,
    *,
    people: list[str],
    sigmas: list[float] | None,
) -> list[dict[str, Any]]:
    """The common form's categories, in the file's order and with its ids.

    Parameters
    ----------
    content
        The parsed COCO file.
    path
        Its path, for messages.
    people
        The names of the categories that are persons.
    sigmas
        One OKS sigma per keypoint; None where the keypoints are COCO's 17.

    Raises
    ------
    UserError
        If a name does not exist or occurs twice, or keypoints have no sigmas.
    """
    names = [record.get("name") for record in content["categories"]]
    for name in names:
        if not isinstance(name, str) or names.count(name) > 1:
            raise UserError(
                f"{path} has a category without a name of its own: {name!r}.", "Give every category its own name."
            )
    for name in people:
        if name not in names:
            raise UserError(
                f"`people` names the category {name!r}, which {path} does not have.",
                f"Choose from: {', '.join(names)}.",
            )
    found = [_category(record, record["name"] in people, content, path, sigmas) for record in content["categories"]]
    if len({tuple(category["keypoints"]) for category in found if "keypoints" in category}) > 1:
        raise UserError(
            f"{path} has categories of people with different keypoints.",
            "Give them the same, or name only one in `people`.",
        )
    if sigmas is not None and not any("keypoints" in category for category in found):
        raise UserError(f"`sigmas` is set, but no person in {path} has keypoints.", "Remove the key `sigmas`.")
    return found


def _category(
    record: dict[str, Any], is_person: bool, content: dict[str, Any], path: Path, sigmas: list[float] | None
) -> dict[str, Any]:
    category = {
        "id": record["id"],
        "name": record["name"],
        "supercategory": str(record.get("supercategory") or record["name"]),
        "is_person": is_person,
    }
    keypoints = record.get("keypoints")
    # Poses are measured on people only, and names that no annotation uses need no sigmas.
    used = is_person and any(
        annotation.get("keypoints")
        for annotation in content["annotations"]
        if annotation.get("category_id") == record["id"]
    )
    if not used:
        return category
    where = f"{path}: the category {record['name']!r}"
    if not isinstance(keypoints, list) or not keypoints or not all(isinstance(name, str) for name in keypoints):
        raise UserError(
            f"{where} has annotations with keypoints but does not name them.", "List the names under `keypoints`."
        )
    skeleton = record.get("skeleton") or []
    ends = range(1, len(keypoints) + 1)
    if not isinstance(skeleton, list) or not all(
        isinstance(bone, list) and len(bone) == 2 and all(type(end) is int and end in ends for end in bone)
        for bone in skeleton
    ):
        raise UserError(
            f"{where} has a `skeleton` that is not pairs of keypoint numbers from 1 on.", "Correct or remove it."
        )
    return category | {"keypoints": keypoints, "skeleton": skeleton, "sigmas": _sigmas(keypoints, sigmas, where)}


def _sigmas(keypoints: list[str], sigmas: list[float] | None, where: str) -> list[float]:
    if sigmas is None:
        if keypoints == list(COCO_SIGMAS):
            return list(COCO_SIGMAS.values())
        raise UserError(
            f"{where} has {len(keypoints)} keypoints that are not COCO's 17, so their OKS sigmas are unknown.",
            "Set the dataset's `sigmas` to one number for each keypoint.",
        )
    if len(sigmas) != len(keypoints):
        raise UserError(
            f"`sigmas` has {len(sigmas)} numbers, but {where} has {len(keypoints)} keypoints.",
            "Give one sigma for each keypoint, in their order.",
        )
    return sigmas
