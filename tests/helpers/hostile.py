"""COCO files with the faults of public bug reports, over images in which it is known who is where."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from anonbench.common.rle import encode_mask, uncompressed_rle

SIZE = (96, 72)  # (width, height) px of the stored image
ORIENTATION = 0x0112
JOINTS = [
    "nose", "left_eye", "right_eye", "left_shoulder", "right_shoulder", "left_wrist", "right_wrist", "left_hip",
    "right_hip", "left_ankle", "right_ankle",
]  # fmt: skip
# Where they are in a figure's box, as shares of its width and height.
_PLACES = np.array([
    [0.5, 0.1], [0.55, 0.08], [0.45, 0.08], [0.8, 0.25], [0.2, 0.25], [0.95, 0.5], [0.05, 0.5], [0.65, 0.55],
    [0.35, 0.55], [0.7, 0.97], [0.3, 0.97],
])  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """Somebody in a displayed image: the index of the image, and an ellipse in a box ``xyxy`` px."""

    image: int
    box: tuple[int, int, int, int]

    def mask(self, width: int, height: int) -> np.ndarray:
        """(height, width) bool."""
        x1, y1, x2, y2 = self.box
        rows, columns = np.mgrid[:height, :width] + 0.5
        inside = ((columns - (x1 + x2) / 2) / ((x2 - x1) / 2)) ** 2 + ((rows - (y1 + y2) / 2) / ((y2 - y1) / 2)) ** 2
        return inside <= 1


@dataclass(frozen=True)
class Hostile:
    """A dataset's files, its figures, and the (width, height) px of each displayed image."""

    labels: bytes
    images: dict[str, bytes]
    names: list[str]
    figures: list[Figure]
    sizes: list[tuple[int, int]]
    config: dict[str, Any]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What Hypothesis prints: no pixels."""
        printer.text(f"{self.labels.decode('utf-8', 'replace')} {self.names} {self.figures} {self.sizes}")

    def write(self, root: Path) -> dict[str, Any]:
        """Write the files below ``root``; the dataset's entry in the configuration."""
        for name, data in self.images.items():
            path = root / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (root / "labels.json").write_bytes(self.labels)
        place = {"images": str(root / "images"), "annotations": str(root / "labels.json")}
        return {"format": "coco", "splits": {"train": place, "val": place}, **self.config}


def _photograph(seed: int, size: tuple[int, int], kind: str, orientation: int) -> bytes:
    """Noise, of which no pixel is black; as displayed it has ``size``."""
    pixels = np.random.default_rng(seed).integers(60, 256, (size[1], size[0], 3), dtype=np.uint8)
    image, exif = Image.fromarray(pixels), Image.Exif()
    if orientation != 1:
        exif[ORIENTATION] = orientation
        back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
        image = image.transpose(back[orientation])
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {}))
    return out.getvalue()


# One annotation: what is wrong with it. Each takes the record and the figure, and changes the record.
def _box_zero(a: dict, f: Figure) -> None:
    a["bbox"] = [0, 0, 0, 0]


def _box_flat(a: dict, f: Figure) -> None:
    x1, y1, x2, _ = f.box
    a["bbox"] = [x1, y1, x2 - x1, 0]


def _box_point(a: dict, f: Figure) -> None:
    x1, y1, x2, y2 = f.box
    a["bbox"] = [(x1 + x2) / 2, (y1 + y2) / 2, 0, 0]


def _box_missing(a: dict, f: Figure) -> None:
    a.pop("bbox", None)


def _box_words(a: dict, f: Figure) -> None:
    a["bbox"] = ["a", None, 3, 4]


def _box_nan(a: dict, f: Figure) -> None:
    a["bbox"] = [float("nan"), 5, 20, 20]


def _box_outside(a: dict, f: Figure) -> None:
    a["bbox"] = [f.box[0] + 1000, 5, 20, 20]


def _box_of_joints(a: dict, f: Figure) -> None:
    if "keypoints" in a:
        xs, ys = a["keypoints"][0::3], a["keypoints"][1::3]
        a["bbox"] = [min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)]
        a.pop("segmentation", None)


def _mask_point(a: dict, f: Figure) -> None:
    a["segmentation"] = [[float(f.box[0]), 5.0] * 4]


def _mask_two_points(a: dict, f: Figure) -> None:
    a["segmentation"] = [[1, 2, 3, 4]]


def _mask_elsewhere(a: dict, f: Figure) -> None:
    # Without the right box nobody could know that the mask is wrong.
    x1, y1, x2, y2 = f.box
    a["bbox"], a["segmentation"] = [x1, y1, x2 - x1, y2 - y1], [[0, 0, 4, 0, 4, 4, 0, 4]]


def _mask_empty(a: dict, f: Figure) -> None:
    a["segmentation"] = [[]]


def _mask_none(a: dict, f: Figure) -> None:
    a["segmentation"] = None


def _mask_huge(a: dict, f: Figure) -> None:
    a["segmentation"] = {"size": [72, 96], "counts": [10**9]}


def _mask_other_size(a: dict, f: Figure) -> None:
    a["segmentation"] = {"size": [7, 9], "counts": [0, 63]}


def _mask_words(a: dict, f: Figure) -> None:
    a["segmentation"] = "polygon"


def _area_zero(a: dict, f: Figure) -> None:
    a["area"] = 0


def _area_missing(a: dict, f: Figure) -> None:
    a.pop("area", None)


def _area_nan(a: dict, f: Figure) -> None:
    a["area"] = float("nan")


def _crowd_text(a: dict, f: Figure) -> None:
    a["iscrowd"] = "0"


def _crowd_true(a: dict, f: Figure) -> None:
    a["iscrowd"] = True


def _attributes_nan(a: dict, f: Figure) -> None:
    a["attributes"] = {"age": float("nan"), "deep": [{"x": float("inf")}]}


def _id_none(a: dict, f: Figure) -> None:
    a["id"] = None


def _id_missing(a: dict, f: Figure) -> None:
    a.pop("id", None)


def _id_text(a: dict, f: Figure) -> None:
    a["id"] = "7"


def _joints_nan(a: dict, f: Figure) -> None:
    if "keypoints" in a:
        a["keypoints"] = [float("nan"), float("nan"), 0, *a["keypoints"][3:]]


def _joints_few(a: dict, f: Figure) -> None:
    if "keypoints" in a:
        a["keypoints"] = a["keypoints"][:4]


def _image_lost(a: dict, f: Figure) -> None:
    a["image_id"] = 10_000


FAULTS = [value for name, value in list(globals().items()) if name.startswith("_") and getattr(value, "__code__", None)
          and value.__code__.co_varnames[:2] == ("a", "f")]  # fmt: skip


# All of a file in another scale.
def _scaled(records: list[dict], by: tuple[float, float]) -> None:
    for a in records:
        if isinstance(a.get("bbox"), list) and all(isinstance(v, int | float) for v in a["bbox"]):
            a["bbox"] = [value * by[i % 2] for i, value in enumerate(a["bbox"])]
        if isinstance(a.get("segmentation"), list):
            a["segmentation"] = [[v * by[i % 2] for i, v in enumerate(p)] for p in a["segmentation"]]
        if "keypoints" in a:
            a["keypoints"] = [v * by[i % 3] if i % 3 < 2 else v for i, v in enumerate(a["keypoints"])]


def _fractions(records: list[dict], sizes: list[tuple[int, int]]) -> None:
    _scaled(records, (1 / SIZE[0], 1 / SIZE[1]))


def _larger(records: list[dict], sizes: list[tuple[int, int]]) -> None:
    _scaled(records, (4, 4))


def _corners(records: list[dict], sizes: list[tuple[int, int]]) -> None:
    for a in records:
        if isinstance(a.get("bbox"), list) and all(isinstance(v, int | float) for v in a["bbox"]):
            x, y, w, h = a["bbox"]
            a["bbox"] = [x, y, x + w, y + h] if w > 0 and h > 0 else a["bbox"]


def _as_they_are(records: list[dict], sizes: list[tuple[int, int]]) -> None:
    pass


SCALES = [_as_they_are] * 5 + [_fractions, _larger, _corners]
TEXTS = {
    "plain": lambda text: text.encode(),
    "bom": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "trailing comma": lambda text: text[:-1].encode() + b",}",
    "cut off": lambda text: text[: len(text) // 2].encode(),
}


@st.composite
def hostile(draw: st.DrawFn) -> Hostile:
    """A dataset of one to four images with up to three figures each, and whatever may be wrong with it."""
    orientation = draw(st.sampled_from([1, 1, 1, 1, 3, 6, 8]))
    displayed = SIZE[::-1] if orientation in (6, 8) else SIZE
    said = draw(st.sampled_from([displayed, displayed, displayed, SIZE, None, (0, 0)]))
    figures, records, listed, images, names, sizes = [], [], [], {}, [], []
    with_joints, style = draw(st.booleans()), draw(st.sampled_from(["box", "polygon", "rle", "counts"]))
    for index in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(["PNG", "PNG", "JPEG", "WEBP"]))
        turned = orientation if kind == "JPEG" else 1
        size = displayed if turned != 1 else SIZE
        name = draw(st.sampled_from(["{}.png", "{}.jpg", "sub/{}.png", "{{{}}}.png", "bild ä {}.png"])).format(index)
        images[name] = _photograph(index, size, kind, turned)
        names.append(name)
        sizes.append(size)
        record = {"id": index + draw(st.sampled_from([0, 1])) * 5, "file_name": name}
        shown = size if said in (displayed, SIZE) and turned == 1 else said
        if shown:
            record |= {"width": shown[0], "height": shown[1]}
        listed.append(record)
        for _ in range(draw(st.integers(0, 3))):
            width, height = draw(st.integers(12, 30)), draw(st.integers(24, 40))
            left, top = draw(st.integers(0, size[0] - width)), draw(st.integers(0, size[1] - height))
            figure = Figure(index, (left, top, left + width, top + height))
            figures.append(figure)
            records.append(_record(figure, size, record["id"], len(records), with_joints, style))
    for record, figure in zip(records, figures, strict=True):
        faults = draw(st.lists(st.sampled_from(FAULTS), max_size=2)) if draw(st.booleans()) else []
        for fault in sorted(faults, key=lambda fault: fault is _mask_elsewhere):
            fault(record, figure)
    draw(st.sampled_from(SCALES))(records, sizes)
    category: dict[str, Any] = {"id": draw(st.sampled_from([0, 1])), "name": "person"}
    for record in records:
        record["category_id"] = category["id"]
    config: dict[str, Any] = {}
    if with_joints:
        category["keypoints"] = JOINTS
        config["sigmas"] = [0.05] * len(JOINTS)
    content = {"images": listed, "annotations": records, "categories": [category]}
    text = TEXTS[draw(st.sampled_from(["plain"] * 8 + list(TEXTS)))](json.dumps(content))
    return Hostile(text, images, names, figures, sizes, config)


def _record(
    figure: Figure, size: tuple[int, int], image: int, number: int, with_joints: bool, style: str
) -> dict[str, Any]:
    x1, y1, x2, y2 = figure.box
    width, height = x2 - x1, y2 - y1
    record: dict[str, Any] = {"id": number, "image_id": image, "bbox": [x1, y1, width, height], "iscrowd": 0}
    record["area"] = width * height
    mask = figure.mask(*size)
    if style == "polygon":
        angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        # Around the pixels of the ellipse, not through them.
        points = np.stack([np.cos(angles), np.sin(angles)], 1) * [(x2 - x1) / 2 + 1, (y2 - y1) / 2 + 1]
        record["segmentation"] = [(points + [(x1 + x2) / 2, (y1 + y2) / 2]).ravel().tolist()]
    elif style == "rle":
        record["segmentation"] = encode_mask(mask)
    elif style == "counts":
        record["segmentation"] = uncompressed_rle(mask)
    if with_joints:
        places = _PLACES * [x2 - x1, y2 - y1] + [x1, y1]
        record["keypoints"] = np.column_stack([places, np.full(len(places), 2)]).ravel().tolist()
    return record
