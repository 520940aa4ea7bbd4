"""The face or body regions of every image of a split."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.common.images import decode, read_verified
from anonbench.config.regions import RegionsConfig
from anonbench.config.types import Region as RegionName
from anonbench.regions.assign import assign_faces, is_covered
from anonbench.regions.body import body_region
from anonbench.regions.face import annotated_face, gives_face, keypoint_face
from anonbench.regions.files import ImageRegions, RegionFile, encode_region
from anonbench.regions.region import Region

SOURCES = ("annotated", "keypoints", "detected")

# (height, width, 3) uint8 RGB -> (N, 4) xyxy px and (N,) scores, most confident first
Detector = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def build_regions(annotations: Path, images_dir: Path, region: RegionName, config: RegionsConfig) -> RegionFile:
    """Find the regions that a split's anonymized variants must hide.

    A body is the annotated mask or box, else the dilated skeleton. A face is the annotated box, else a square from
    keypoints, else what a face detector finds inside the person. Where the detector runs, faces of people whom nobody
    annotated are regions too; it runs on images with a person whose annotation does not say where the face is, and on
    all images of a split in which no annotation does.

    Parameters
    ----------
    annotations
        The split's common-form JSON.
    images_dir
        Folder of its images, read only where faces must be detected.
    region
        ``face`` or ``body``.
    config
        How regions are found; only the part of this ``region`` is used.

    Returns
    -------
    RegionFile
        All images of the split. Its ``counts`` are ``people``, ``regions``, one per source, ``no_visible_face``,
        ``undetermined``, ``unmatched_detections`` and ``degenerate`` (boxes that are not finite or have no size).

    Raises
    ------
    UserError
        For bodies of a dataset of faces.
    """
    data = read_made(annotations)
    categories = {category["id"]: category for category in data["categories"] if category.get("is_person")}
    people: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for annotation in data["annotations"]:
        if annotation["category_id"] in categories:
            people[annotation["image_id"]].append({"iscrowd": 0, **annotation})
    if region == "body" and any(category.get("is_face") for category in categories.values()):
        raise UserError(f"{annotations} annotates faces only, and no bodies.", "Ask for its `face` regions.")
    names = {key: list(category.get("keypoints") or []) for key, category in categories.items()}

    counts = dict.fromkeys(("people", "regions", *SOURCES, "no_visible_face", "undetermined"), 0)
    counts |= {"unmatched_detections": 0, "degenerate": 0}
    undetermined: list[int] = []
    if region == "body":
        find = _bodies(names, config.body.limb_width)
    else:
        find = _faces(people, names, images_dir, config.face.min_face_size)
    images = []
    for image in tqdm(data["images"], desc=f"{region} regions", unit="image"):
        present = people.get(image["id"], [])
        regions, missing, faceless = find(image, present)
        counts["people"] += len(present)
        counts["no_visible_face"] += faceless
        counts["regions"] += len(regions)
        counts["unmatched_detections"] += sum(found.annotation_id is None for found in regions)
        counts["degenerate"] += sum(not _has_size(found.box) for found in regions)
        for found in regions:
            counts[found.source] += 1
        undetermined += missing
        images.append(
            ImageRegions(
                image_id=image["id"],
                file_name=image["file_name"],
                width=image["width"],
                height=image["height"],
                regions=[encode_region(found) for found in regions],
            )
        )
    counts["undetermined"] = len(undetermined)
    sets = {tuple(listed) for listed in names.values() if listed}
    return RegionFile(
        dataset=data["info"]["dataset"],
        split=data["info"]["split"],
        region=region,
        keypoint_names=list(sets.pop()) if len(sets) == 1 else [],
        images=images,
        counts=counts,
        undetermined=undetermined,
    )


# regions, ids of people without one, number of people whose face the annotation says is not visible
_Found = tuple[list[Region], list[int], int]


def _bodies(names: dict[int, list[str]], limb_width: float) -> Callable[[dict, list[dict]], _Found]:
    def find(image: dict[str, Any], people: list[dict[str, Any]]) -> _Found:
        regions, missing = [], []
        for person in people:
            found = body_region(person, names[person["category_id"]], image["height"], image["width"], limb_width)
            if found is None:
                missing.append(person["id"])
            else:
                regions.append(_with_keypoints(found, person))
        return regions, missing, 0

    return find


def _faces(
    people: dict[int, list[dict]], names: dict[int, list[str]], images_dir: Path, min_face_size: int
) -> Callable[[dict, list[dict]], _Found]:
    everywhere = not any(gives_face(p, names[p["category_id"]]) for present in people.values() for p in present)
    detector: list[Detector] = []

    def detect(image: dict[str, Any]) -> np.ndarray:
        if not detector:
            # torch takes seconds to import: only splits that need the detector pay for it.
            from anonbench.regions.detect import FaceDetector

            detector.append(FaceDetector(min_face_size, "cpu"))  # slower on a GPU, which others wait for
        path = Path(images_dir) / image["file_name"]
        return detector[0](decode(read_verified(path, image["sha256"]), str(path)))[0]

    def find(image: dict[str, Any], present: list[dict[str, Any]]) -> _Found:
        regions, searched, faceless = [], [], 0
        for person in present:
            if person.get("face_valid") is False:
                faceless += 1
                continue
            found = annotated_face(person) or keypoint_face(person, names[person["category_id"]])
            if found is None:
                searched.append(person)
            else:
                regions.append(_with_keypoints(found, person))
        if not (searched or everywhere):
            return regions, [], faceless
        faces = detect(image)
        known = [found.box for found in regions]
        faces = np.array([face for face in faces if not is_covered(face, known)]).reshape(-1, 4)
        owned, unmatched = assign_faces(faces, searched, image["height"], image["width"])
        for person in searched:
            regions += [
                _with_keypoints(Region(faces[i], source="detected", annotation_id=person["id"]), person)
                for i in owned.get(person["id"], [])
            ]
        regions += [Region(faces[i], source="detected") for i in unmatched]
        return regions, [person["id"] for person in searched if person["id"] not in owned], faceless

    return find


def _with_keypoints(region: Region, person: dict[str, Any]) -> Region:
    flat = person.get("keypoints")
    if not flat or len(flat) % 3:
        return region
    keypoints = np.array(flat, dtype=np.float64).reshape(-1, 3)
    return Region(region.box, region.mask, keypoints, region.source, region.annotation_id)


def _has_size(box: np.ndarray) -> bool:
    return bool(np.isfinite(box).all() and (box[2:] > box[:2]).all())
