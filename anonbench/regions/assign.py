"""Which detected face belongs to which annotated person."""

from __future__ import annotations

from typing import Any

import numpy as np

from anonbench.regions.body import decode_mask

_UPPER = 0.6  # of the box of somebody who stands: where a face's centre may lie, with room for who bends over


def assign_faces(
    faces: np.ndarray, people: list[dict[str, Any]], height: int, width: int
) -> tuple[dict[int, list[int]], list[int]]:
    """Give each face to the person in whose box, and if possible mask, its centre lies.

    Faces choose in their order. Where several people could have a face, the mask decides, then the distance of
    the face to the top of the person's box in units of its height. A person gets one face, a crowd any number.

    Parameters
    ----------
    faces
        (N, 4) ``xyxy`` px, most confident first.
    people
        Annotations with ``bbox`` ``[x, y, w, h]`` px, ``iscrowd``, and maybe ``segmentation``.
    height, width
        Of the image, px.

    Returns
    -------
    owned
        annotation id -> indices of its faces, non-empty.
    unmatched
        Indices of faces that are nobody's.
    """
    owned: dict[int, list[int]] = {}
    unmatched = []
    masks = [decode_mask(person.get("segmentation"), height, width) if len(faces) else None for person in people]
    for index, face in enumerate(faces):
        centre = (face[:2] + face[2:]) / 2
        ranked = sorted(
            (rank, position)
            for position, (person, mask) in enumerate(zip(people, masks, strict=True))
            if (person["iscrowd"] or person["id"] not in owned) and (rank := _rank(centre, person, mask)) is not None
        )
        if ranked:
            owned.setdefault(people[ranked[0][1]]["id"], []).append(index)
        else:
            unmatched.append(index)
    return owned, unmatched


def _rank(centre: np.ndarray, person: dict[str, Any], mask: np.ndarray | None) -> tuple[bool, bool, float] | None:
    """How well a face suits a person, smaller is better; None where it cannot be theirs."""
    x, y, w, h = person.get("bbox") or (np.nan,) * 4
    upright = h > w and not person["iscrowd"]
    if not (w > 0 and h > 0 and x <= centre[0] <= x + w and y <= centre[1] <= y + (_UPPER if upright else 1.0) * h):
        return None
    row, column = int(centre[1]), int(centre[0])
    inside = mask is not None and 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1] and bool(mask[row, column])
    return bool(person["iscrowd"]), not inside, float(np.hypot(centre[0] - x - w / 2, centre[1] - y) / h)
