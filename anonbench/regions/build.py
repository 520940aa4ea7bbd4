"""The face or body regions of every image of a split."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from anonbench.common.errors import UserError
from anonbench.common.files import read_made
from anonbench.common.images import decode, read_verified
from anonbench.config.regions import FaceRegionConfig, RegionsConfig
from anonbench.config.types import Region as RegionName
from anonbench.detect.beside import beside
from anonbench.detect.detector import Detections, Detector
from anonbench.detect.faces import face_detector
from anonbench.regions.anatomy import FACIAL, HEAD_TOP, NECK, joint, labelled
from anonbench.regions.assign import assign_faces
from anonbench.regions.body import body_region
from anonbench.regions.face import annotated_face, gives_face, grown, keypoint_face
from anonbench.regions.files import ImageRegions, RegionCounts, RegionFile, encode_region
from anonbench.regions.landmarks import LANDMARKS, Marker
from anonbench.regions.region import DETECTED, UNLOCATED, Region, anywhere

log = logging.getLogger(__name__)

# The least score of a face that is nobody's, in a split that annotates faces: CenterFace then errs once in two images.
CONFIDENT = 0.3


def build_regions(annotations: Path, images_dir: Path, region: RegionName, config: RegionsConfig) -> RegionFile:
    """Find the regions that a split's anonymized variants must hide.

    A body is the annotated mask or box, else the dilated skeleton. A face is the annotated box, else a square from
    keypoints, else what a face detector finds inside the person. Faces that it finds of unannotated people are
    regions too, unless the configuration leaves them; then, and in a split that is ``complete``, it runs only on
    images with a person whose annotation does not say where the face is, and on all images of a split in which no
    annotation does. Of an image with a person who cannot be located, all is a region. A body has the person's
    keypoints, a face its landmarks (:class:`anonbench.regions.landmarks.Marker`).

    Parameters
    ----------
    annotations
        The split's common-form JSON.
    images_dir
        Folder of its images, read only for faces.
    region
        ``face`` or ``body``.
    config
        How regions are found; only the part of this ``region`` is used.

    Returns
    -------
    RegionFile
        All images of the split.

    Raises
    ------
    UserError
        For bodies of a dataset of faces; for people who cannot be located, where the configuration says so.
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
    if region == "body":
        find = _bodies(names, config.body.limb_width)
    else:
        _warn_without_faces(names, annotations)
        read = _pictures(images_dir)
        find = _faces(people, names, read, config.face, complete=data["info"].get("complete", False))
        mark = _marking(names, read, config.face.grow)
    counts: Counter[str] = Counter()
    images, nowhere, no_face = [], [], []
    for image in tqdm(data["images"], desc=f"{region} regions", unit="image", mininterval=1):
        listed = people.get(image["id"], [])
        present = [person for person in listed if "unannotated" not in person]
        found = find(image, present)
        if region == "body":
            found.regions.extend(_stranger(person) for person in listed if person.get("unannotated") == "hide")
            left = data["info"].get("unannotated") in ("leave", "ignore")
            counts["unannotated_left" if left else "unannotated"] += image.get("strangers", 0)
        else:
            counts["unannotated"] += sum(one.annotation_id is None for one in found.regions)
            counts["unannotated_left"] += found.left
        lost = image.get("unlocated", 0)
        regions = found.regions + [anywhere() for _ in range(lost)]
        if region == "face":
            regions = mark(image, regions, present)
        for one in regions:
            counts[one.source] += 1
        lost = sum(one.source == UNLOCATED for one in regions)
        if lost:
            nowhere.append(image["file_name"])
        counts["not_located"] += lost
        counts["people"] += len(present) - sum(one.source == UNLOCATED for one in found.regions)
        counts["no_visible_face"] += found.faceless
        no_face += found.without_face
        images.append(
            ImageRegions(
                image_id=image["id"],
                file_name=image["file_name"],
                width=image["width"],
                height=image["height"],
                regions=[encode_region(one) for one in regions],
            )
        )
    if nowhere and config.unlocated == "stop":
        raise UserError(
            f"{annotations} has {counts['not_located']} people of whom nothing says where they are, in"
            f" {len(nowhere)} images, the first is {nowhere[0]!r}.",
            "Annotate them with a box, or hide these images with `regions.unlocated: hide_image`.",
        )
    counts |= {"regions": sum(len(image.regions) for image in images), "no_face_found": len(no_face)}
    sets = {LANDMARKS} if region == "face" else {tuple(listed) for listed in names.values() if listed}
    return RegionFile(
        dataset=data["info"]["dataset"],
        split=data["info"]["split"],
        region=region,
        keypoint_names=list(sets.pop()) if len(sets) == 1 else [],
        images=images,
        counts=RegionCounts(**counts, images_hidden=len(nowhere)),
        no_face_found=no_face,
    )


def _pictures(images_dir: Path) -> Callable[[dict], np.ndarray]:
    """What decodes an image of the common form; the last one is kept, since a face may be looked for and into."""

    @lru_cache(maxsize=1)
    def decoded(file_name: str, sha256: str) -> np.ndarray:
        path = Path(images_dir) / file_name
        return decode(read_verified(path, sha256), str(path))

    return lambda image: decoded(image["file_name"], image["sha256"])


def _marking(
    names: dict[int, list[str]], read: Callable[[dict], np.ndarray], grow: float
) -> Callable[[dict, list[Region], list[dict]], list[Region]]:
    marker = Marker(grow)

    def mark(image: dict[str, Any], regions: list[Region], people: list[dict[str, Any]]) -> list[Region]:
        if all(one.source == UNLOCATED for one in regions):
            return regions
        points = {one["id"]: labelled(one.get("keypoints"), names[one["category_id"]]) for one in people}
        return marker(read(image), regions, points)

    return mark


def _stranger(person: dict[str, Any]) -> Region:
    """The region of an unannotated person whom a detector has found."""
    x, y, w, h = person["bbox"]
    return Region(np.array([x, y, x + w, y + h], float), source=DETECTED, annotation_id=person["id"])


@dataclass(frozen=True)
class _Found:
    """What was found in an image.

    ``faceless`` is how many people show no face as annotated, ``without_face`` are those in whom none was found, and
    ``left`` is how many faces of nobody who is annotated stay visible.
    """

    regions: list[Region]
    faceless: int = 0
    without_face: Sequence[int] = ()
    left: int = 0


def _warn_without_faces(names: dict[int, list[str]], annotations: Path) -> None:
    on_faces = {*FACIAL, HEAD_TOP, NECK}
    for listed in names.values():
        if listed and not on_faces & set(map(joint, listed)):
            log.warning(
                "%s: none of its keypoints is on a face (%s): faces are found by the detector alone",
                annotations,
                ", ".join(listed),
            )


def _bodies(names: dict[int, list[str]], limb_width: float) -> Callable[[dict, list[dict]], _Found]:
    def find(image: dict[str, Any], people: list[dict[str, Any]]) -> _Found:
        regions = []
        for person in people:
            found = body_region(person, names[person["category_id"]], image["height"], image["width"], limb_width)
            regions.append(_with_keypoints(found, person))
        return _Found(regions)

    return find


def _faces(
    people: dict[int, list[dict]],
    names: dict[int, list[str]],
    read: Callable[[dict], np.ndarray],
    config: FaceRegionConfig,
    complete: bool,
) -> Callable[[dict, list[dict]], _Found]:
    beside_others = config.unannotated == "hide" and not complete
    everywhere = not any(gives_face(p, names[p["category_id"]]) for present in people.values() for p in present)
    detector: list[Detector] = []

    def detect(image: dict[str, Any]) -> Detections:
        if not detector:
            detector.append(face_detector(config))  # only splits that need it wait for it
        return detector[0](read(image))

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
                regions.append(found)
        if not (searched or everywhere or beside_others):
            return _Found(regions, faceless)
        found = detect(image)
        strange = beside(found.boxes, [one.box for one in regions if one.source != UNLOCATED])
        faces, scores = found.boxes[strange], found.scores[strange]
        owned, unmatched = assign_faces(faces, searched, image["height"], image["width"])
        unmatched = [i for i in unmatched if everywhere or scores[i] >= CONFIDENT]
        boxes = grown(faces, config.grow)
        for person in searched:
            regions += [
                Region(boxes[i], source=DETECTED, annotation_id=person["id"]) for i in owned.get(person["id"], [])
            ]
        lost = [person["id"] for person in searched if person["id"] not in owned]
        if config.unannotated == "leave":
            return _Found(regions, faceless, lost, len(unmatched))
        return _Found(regions + [Region(boxes[i], source=DETECTED) for i in unmatched], faceless, lost)

    return find


def _with_keypoints(region: Region, person: dict[str, Any]) -> Region:
    flat = person.get("keypoints")
    if not flat or len(flat) % 3:
        return region
    keypoints = np.array(flat, dtype=np.float64).reshape(-1, 3)
    return Region(region.box, region.mask, keypoints, region.source, region.annotation_id)
