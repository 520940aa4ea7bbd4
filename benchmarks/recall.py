"""How many faces and people each detector misses, by their size, as Markdown tables.

Run from the project's root, with WIDER FACE's official archives in one folder and people of COCO in another
(``train.json``, ``val.json``, and the photographs in ``train/`` and ``val/``)::

    python -m benchmarks.recall --wider-face FOLDER --coco FOLDER

Times are of one core, without decoding.
"""

from __future__ import annotations

import argparse
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from anonbench.common.files import read_json
from anonbench.common.images import decode
from anonbench.config.regions import FaceRegionConfig
from anonbench.datasets.formats.wider_face import read_faces
from anonbench.detect.detector import Detections, Detector
from anonbench.detect.faces import face_detector
from anonbench.detect.nanodet import NanoDet
from anonbench.regions.anatomy import head_height, labelled

FACES = {"centerface": (0.1, 0.15, 0.2, 0.3), "yunet": (0.2, 0.3, 0.5), "mtcnn": (0.7,)}
PEOPLE = {"nanodet": (0.1, 0.15, 0.2, 0.3, 0.4), "hog": (0.0,)}
FACE_SIZES = ("8–16", "16–32", "32–64", "64 and more"), (8, 16, 32, 64, np.inf)
AREAS = ("small", "medium", "large"), (0, 32**2, 96**2, np.inf)
HEIGHTS = ("under 10 %", "10–25 %", "25–50 %", "over 50 %"), (0, 0.1, 0.25, 0.5, np.inf)
FOUND, COVERED = 0.5, 0.8  # intersection over union; share of the annotated box
GROW = FaceRegionConfig().grow
EYES_AND_NOSE = ("left_eye", "right_eye", "nose")


@dataclass
class Photo:
    """A photograph with what is annotated in it.

    Parameters
    ----------
    boxes
        (N, 4) ``xyxy`` px.
    sizes
        (N,), in the units of a table's columns.
    others
        (M, 4) ``xyxy`` px, where a detection is neither right nor wrong.
    points
        Of each face that is known by keypoints alone, (3, 2) px.
    """

    read: Callable[[], np.ndarray]
    boxes: np.ndarray
    sizes: np.ndarray
    others: np.ndarray = field(default_factory=lambda: np.zeros((0, 4)))
    points: list[np.ndarray] = field(default_factory=list)


class Hog(Detector):
    """OpenCV's people detector of 2005, as the floor."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._hog = cv2.HOGDescriptor()
        self._hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())

    def __call__(self, image: np.ndarray) -> Detections:
        found, scores = self._hog.detectMultiScale(image[..., ::-1].copy(), self.threshold, (8, 8), (16, 16))
        xywh = np.asarray(found, float).reshape(-1, 4)
        return Detections(np.hstack([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]]), np.asarray(scores, float).reshape(-1))


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wider-face", type=Path, help="folder of WIDER FACE's archives")
    parser.add_argument("--coco", type=Path, help="folder of COCO's people")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th photograph")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    if args.wider_face:
        print_wider_face(list(wider_face(args.wider_face))[:: args.every])
    if args.coco:
        print_coco_faces(list(coco_faces(args.coco))[:: args.every])
        print_coco_people(list(coco_people(args.coco))[:: args.every])


def wider_face(folder: Path) -> Iterator[Photo]:
    """The photographs of val, from which no detector learned; invalid faces are among the others."""
    name = "wider_face_split/wider_face_val_bbx_gt.txt"
    labels = zipfile.ZipFile(folder / "wider_face_split.zip").read(name)
    archive = zipfile.ZipFile(folder / "WIDER_val.zip")
    there = set(archive.namelist())
    for image, rows in read_faces(labels, name):
        member = f"WIDER_val/images/{image}"
        if member in there:
            faces = np.array(rows, float).reshape(-1, 10)
            boxes = xyxy(faces[:, :4])
            valid = (faces[:, 7] == 0) & (faces[:, 2:4] > 0).all(axis=1)
            yield Photo(lambda m=member: decode(archive.read(m)), boxes[valid], faces[valid, 3], boxes[~valid])


def coco_people(folder: Path) -> Iterator[Photo]:
    """People with area in px and height as a share of the image's; crowds are among the others."""
    for path, image, people in coco(folder):
        boxes = xyxy(np.array([person["bbox"] for person in people], float).reshape(-1, 4))
        crowd = np.array([person["iscrowd"] for person in people], bool)
        sizes = np.array([[person["area"], person["bbox"][3] / image["height"]] for person in people]).reshape(-1, 2)
        yield Photo(lambda p=path: decode(p), boxes[~crowd], sizes[~crowd], boxes[crowd])


def coco_faces(folder: Path) -> Iterator[Photo]:
    """Faces of which both eyes and the nose are visible, with the head's height in px."""
    for path, image, people in coco(folder):
        points, sizes = [], []
        for person in people:
            found = labelled(person.get("keypoints"), image["keypoints"])
            places = [found.get(name) for name in EYES_AND_NOSE]
            if all(place is not None and place[2] == 2 for place in places):
                points.append(np.array(places)[:, :2])
                sizes.append(head_height(found))
        yield Photo(lambda p=path: decode(p), np.zeros((0, 4)), np.array(sizes), points=points)


def coco(folder: Path) -> Iterator[tuple[Path, dict, list[dict]]]:
    """Path, record and people of every photograph."""
    for split in ("train", "val"):
        data = read_json(folder / f"{split}.json")
        people: dict[int, list[dict]] = {image["id"]: [] for image in data["images"]}
        for annotation in data["annotations"]:
            people[annotation["image_id"]].append(annotation)
        for image in data["images"]:
            names = data["categories"][0]["keypoints"]
            yield folder / split / image["file_name"], {**image, "keypoints": names}, people[image["id"]]


def xyxy(boxes: np.ndarray) -> np.ndarray:
    """(N, 4) of ``x, y, w, h`` as corners."""
    return np.hstack([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]])


def detect(photos: Sequence[Photo], detector: Detector) -> tuple[list[Detections], float, list[tuple[int, int]]]:
    """What is found in each photograph, the CPU seconds a photograph, and the photographs' (height, width)."""
    found, seconds, shapes = [], 0.0, []
    for photo in photos:
        image = photo.read()
        start = time.process_time()
        found.append(detector(image))
        seconds += time.process_time() - start
        shapes.append(image.shape[:2])
    return found, seconds / len(photos), shapes


def overlaps(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(N, M) intersection over union, and over the area of ``one``, of (N, 4) and (M, 4) ``xyxy`` boxes."""
    low, high = np.maximum(one[:, None, :2], other[None, :, :2]), np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    a, b = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (one, other))
    return shared / (a[:, None] + b[None] - shared), shared / np.maximum(a[:, None], 1e-9)


def false(photo: Photo, boxes: np.ndarray) -> int:
    """Detections that hardly touch anything annotated."""
    right = overlaps(boxes, photo.boxes)[0].max(axis=1, initial=0) >= 0.1
    neither = overlaps(boxes, photo.others)[1].max(axis=1, initial=0) >= 0.5
    return int((~right & ~neither).sum())


def covered(boxes: np.ndarray, found: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(N,) bool: whether the found boxes together hide so much of each box."""
    hidden = np.zeros(shape, bool)
    for x1, y1, x2, y2 in np.clip(found, 0, None):
        hidden[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] = True
    parts = [
        hidden[int(y1) : int(np.ceil(y2)), int(x1) : int(np.ceil(x2))] for x1, y1, x2, y2 in np.clip(boxes, 0, None)
    ]
    return np.array([part.size > 0 and part.mean() >= COVERED for part in parts], bool)


def grown(boxes: np.ndarray, share: float) -> np.ndarray:
    """Boxes grown in every direction by this share of their longer sides."""
    margin = share * (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0, keepdims=True)
    return np.hstack([boxes[:, :2] - margin, boxes[:, 2:] + margin])


def shares(hits: Iterable[np.ndarray], sizes: Iterable[np.ndarray], edges: Sequence[float]) -> list[str]:
    """Per cent of hits in each bin of sizes."""
    hit, size = np.concatenate(list(hits)), np.concatenate(list(sizes))
    bins = [hit[(size >= low) & (size < high)] for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return [f"{100 * each.mean():.1f}" if len(each) else "–" for each in bins]


def counts(sizes: Iterable[np.ndarray], edges: Sequence[float]) -> list[str]:
    """How many there are in each bin of sizes."""
    return [str(int(number)) for number in np.histogram(np.concatenate(list(sizes)), edges)[0]]


def above(found: list[Detections], threshold: float) -> list[np.ndarray]:
    """The boxes of at least this score."""
    return [one.boxes[one.scores >= threshold] for one in found]


def print_rows(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A Markdown table."""
    print(f"\n{title}\n\n| {' | '.join(header)} |\n|{'---|' * len(header)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def print_wider_face(photos: Sequence[Photo]) -> None:
    names, edges = FACE_SIZES
    sizes = [photo.sizes for photo in photos]

    def rows() -> Iterator[list[str]]:
        yield ["faces", "", *counts(sizes, edges), *[""] * (len(names) + 2)]
        for name, thresholds in FACES.items():
            found, seconds, shapes = detect(
                photos, face_detector(FaceRegionConfig(detector=name, threshold=thresholds[0]))
            )
            for threshold in thresholds:
                boxes = above(found, threshold)
                hits = [
                    overlaps(p.boxes, b)[0].max(axis=1, initial=0) >= FOUND for p, b in zip(photos, boxes, strict=True)
                ]
                hidden = [covered(p.boxes, grown(b, GROW), s) for p, b, s in zip(photos, boxes, shapes, strict=True)]
                wrong = sum(false(p, b) for p, b in zip(photos, boxes, strict=True)) / len(photos)
                yield [
                    name, f"{threshold}", *shares(hits, sizes, edges), *shares(hidden, sizes, edges), f"{wrong:.2f}",
                    f"{1e3 * seconds:.0f}",
                ]  # fmt: skip

    header = ["detector", "threshold", *(f"found, {n} px" for n in names), *(f"hidden, {n} px" for n in names)]
    print_rows(f"WIDER FACE, {len(photos)} photographs", [*header, "false an image", "ms"], rows())


def print_coco_faces(photos: Sequence[Photo]) -> None:
    names, edges = FACE_SIZES
    sizes = [photo.sizes for photo in photos]

    def rows() -> Iterator[list[str]]:
        yield ["faces", "", *counts(sizes, edges), ""]
        for name, thresholds in FACES.items():
            found, seconds, _ = detect(photos, face_detector(FaceRegionConfig(detector=name, threshold=thresholds[0])))
            for threshold in thresholds:
                boxes = [grown(b, GROW) for b in above(found, threshold)]
                hits = [
                    np.array(
                        [(((q >= b[:, None, :2]) & (q <= b[:, None, 2:])).all(axis=(1, 2))).any() for q in p.points],
                        bool,
                    )
                    for p, b in zip(photos, boxes, strict=True)
                ]
                yield [name, f"{threshold}", *shares(hits, sizes, edges), f"{1e3 * seconds:.0f}"]

    print_rows(f"COCO, faces in {len(photos)} photographs", ["detector", "threshold", *names, "ms"], rows())


def print_coco_people(photos: Sequence[Photo]) -> None:
    areas, heights = ([photo.sizes[:, column] for photo in photos] for column in (0, 1))

    def rows() -> Iterator[list[str]]:
        yield ["people", "", *counts(areas, AREAS[1]), *[""] * 3, *counts(heights, HEIGHTS[1]), "", ""]
        for name, thresholds in PEOPLE.items():
            found, seconds, shapes = detect(photos, {"nanodet": NanoDet, "hog": Hog}[name](thresholds[0]))
            for threshold in thresholds:
                boxes = above(found, threshold)
                hits = [
                    overlaps(p.boxes, b)[0].max(axis=1, initial=0) >= FOUND for p, b in zip(photos, boxes, strict=True)
                ]
                hidden = [covered(p.boxes, b, s) for p, b, s in zip(photos, boxes, shapes, strict=True)]
                wrong = sum(false(p, b) for p, b in zip(photos, boxes, strict=True)) / len(photos)
                yield [
                    name, f"{threshold}", *shares(hits, areas, AREAS[1]), *shares(hidden, areas, AREAS[1]),
                    *shares(hits, heights, HEIGHTS[1]), f"{wrong:.2f}", f"{1e3 * seconds:.0f}",
                ]  # fmt: skip

    header = [
        *(f"found, {n}" for n in AREAS[0]),
        *(f"hidden, {n}" for n in AREAS[0]),
        *(f"found, {n}" for n in HEIGHTS[0]),
    ]
    print_rows(
        f"COCO, people in {len(photos)} photographs", ["detector", "threshold", *header, "false an image", "ms"], rows()
    )


if __name__ == "__main__":
    main()
