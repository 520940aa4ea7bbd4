"""Miniatures of the public benchmarks in exactly their official layouts, from rendered scenes.

One function a dataset, ``build(folder, images, seed)``: writes the official files with ``images`` images in each split.
People, masks, keypoints and faces are the scenes' own, so that models can learn from them; from six images of the
default seed on, every oddity occurs that the functions name.
"""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw
from pycocotools import mask as coco_mask
from scipy.io import savemat

from anonbench.datasets.scenes.annotate import categories
from anonbench.datasets.scenes.identity import identity_pool
from anonbench.datasets.scenes.render import render_scene
from anonbench.datasets.tables.coco_categories import COCO_SIGMAS

SIZE = 256, 192
PERSON, BICYCLE, CAR, BUS = 1, 2, 3, 6
COCO_JOINTS = list(COCO_SIGMAS)


@cache
def _scene(seed: int, split: str, index: int) -> tuple[np.ndarray, list[dict[str, Any]]]:
    return render_scene(seed, split, index, SIZE, identity_pool(seed, split))


def scenes(images: int, seed: int, split: str) -> list[tuple[np.ndarray, list[dict[str, Any]]]]:
    """Images, (height, width, 3) uint8 RGB, with COCO records; ``split`` is train or val."""
    return [_scene(seed, split, index) for index in range(images)]


def encoded(image: Any, kind: str = "JPEG") -> bytes:
    """An image file's bytes, from an array or a Pillow image."""
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, kind, **({"quality": 95} if kind == "JPEG" else {}))
    return buffer.getvalue()


def mask_of(record: dict[str, Any]) -> np.ndarray:
    """A scene record's mask, (height, width) bool."""
    return coco_mask.decode(record["segmentation"]).astype(bool)


def outlines(mask: np.ndarray) -> list[np.ndarray]:
    """The mask's outer outlines, each (N, 2) int px with N >= 3; at least a triangle."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    found = [outline[:, 0] for outline in found if len(outline) >= 3]
    if not found:
        y, x = np.argwhere(mask)[0]
        found = [np.array([[x, y], [x + 1, y], [x, y + 1]])]
    return found


def plain_rle(mask: np.ndarray) -> dict[str, Any]:
    """COCO's uncompressed RLE."""
    flat = mask.ravel(order="F")
    runs = np.diff([0, *(np.flatnonzero(np.diff(flat)) + 1), flat.size]).tolist()
    return {"counts": [0, *runs] if flat[0] else runs, "size": list(mask.shape)}


def _write(path: Path, members: dict[str, bytes | str]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in members.items():
            out.writestr(name, content)


# COCO 2017 ------------------------------------------------------------------------------------------------------------


def coco2017(folder: Path, images: int = 20, seed: int = 0) -> None:
    """train2017.zip, val2017.zip, annotations_trainval2017.zip and COCO-WholeBody's two files.

    In every fifth image with people, the first is a crowd; the last image has no annotations.
    """
    labels: dict[str, bytes | str] = {}
    named = [{key: c[key] for key in ("supercategory", "id", "name")} for c in categories()]
    pose = named[0] | {key: categories()[0][key] for key in ("keypoints", "skeleton")}
    for part in ("train", "val"):
        listed, instances, people, whole, files = [], [], [], [], {}
        peopled = 0
        for index, (image, records) in enumerate(scenes(images, seed, part)):
            image_id = 9 + 16 * index if part == "train" else 139 + 16 * index
            name = f"{image_id:012d}.jpg"
            files[f"{part}2017/{name}"] = encoded(image)
            listed.append({"license": 1, "file_name": name, "height": SIZE[1], "width": SIZE[0], "id": image_id})
            first = next((record for record in records if record["category_id"] == PERSON), None)
            peopled += first is not None
            for number, record in enumerate(records if index < images - 1 else []):
                crowd = record is first and peopled % 5 == 1
                annotation = _coco_instance(record, crowd) | {"image_id": image_id, "id": 1000 * image_id + number}
                instances.append(annotation)
                if record["category_id"] == PERSON:
                    keypoints = [0] * 51 if crowd else record["keypoints"]
                    count = sum(v > 0 for v in keypoints[2::3])
                    person = annotation | {"keypoints": keypoints, "num_keypoints": count}
                    people.append(person)
                    valid = record["face_valid"] and not crowd
                    box = record["face_box"] if valid else [0, 0, 0, 0]
                    whole.append(person | {"face_box": box, "face_valid": valid})
        _write(folder / f"{part}2017.zip", files)
        head = {"info": {"year": 2017}, "licenses": [{"id": 1}], "images": listed}
        for kind, records, known in (("instances", instances, named), ("person_keypoints", people, [pose])):
            content = head | {"annotations": records[::-1], "categories": known}
            labels[f"annotations/{kind}_{part}2017.json"] = json.dumps(content)
        content = head | {"annotations": whole, "categories": [pose]}
        (folder / f"coco_wholebody_{part}_v1.0.json").write_text(json.dumps(content))
    _write(folder / "annotations_trainval2017.zip", labels)


def _coco_instance(record: dict[str, Any], crowd: bool) -> dict[str, Any]:
    mask = mask_of(record)
    # COCO traces the outlines of pixels, whose corners lie half a pixel around their centres.
    polygons = [(outline + 0.5).ravel().tolist() for outline in outlines(mask)]
    return {
        "segmentation": plain_rle(mask) if crowd else polygons,
        "area": record["area"],
        "iscrowd": int(crowd),
        "bbox": [float(value) for value in record["bbox"]],
        "category_id": record["category_id"],
    }


# WIDER FACE -----------------------------------------------------------------------------------------------------------


def wider_face(folder: Path, images: int = 20, seed: int = 0) -> None:
    """WIDER_train.zip, WIDER_val.zip, wider_face_split.zip and eval_tools.zip.

    Image 1 has no face, image 2 a further face marked invalid, image 3 one of no width; both come first in the list.
    The evaluation counts faces by their height.
    """
    labels: dict[str, bytes | str] = {
        "wider_face_split/readme.txt": "",
        "wider_face_split/wider_face_test_filelist.txt": "0--Parade/0_Parade_marchingband_1_9.jpg\n",
    }
    for part in ("train", "val"):
        files: dict[str, bytes | str] = {}
        lines = []
        faces: dict[str, dict[str, list[list[int]]]] = {}
        for index, (image, records) in enumerate(scenes(images, seed, part)):
            event = "0--Parade" if index % 2 else "12--Group"
            name = f"{event}/{event.replace('--', '_')}_{event.split('--')[1]}_{part}_{index}.jpg"
            files[f"WIDER_{part}/images/{name}"] = encoded(image)
            boxes = [r["face_box"] for r in records if r.get("face_valid")] if index != 1 else []
            rows = [f"{' '.join(str(round(value)) for value in box)} {index % 3} 0 1 0 2 0" for box in boxes]
            if index == 2:
                rows.insert(0, "10 12 7 9 2 0 0 1 0 0")
            if index == 3:
                rows.insert(0, "40 50 0 6 0 0 0 0 0 1")
            # The official val list counts the zeros of an image without faces.
            count = len(rows) or int(part == "val")
            rows = rows or ["0 0 0 0 0 0 0 0 0 0"]
            lines += [name, str(count), *(f"{row} " for row in rows)]
            stem = Path(name).stem
            faces.setdefault(event, {})[stem] = [[int(value) for value in row.split()] for row in rows]
        labels[f"wider_face_split/wider_face_{part}_bbx_gt.txt"] = "\n".join(lines) + "\n"
        _write(folder / f"WIDER_{part}.zip", files)
    _write(folder / "wider_face_split.zip", labels)
    lists = {f"eval_tools/ground_truth/wider_{name}_val.mat": face_list(faces, name) for name in LEAST_HEIGHTS}
    _write(folder / "eval_tools.zip", {"eval_tools/wider_eval.m": "", **lists})


LEAST_HEIGHTS = {"easy": 16, "medium": 12, "hard": 1}  # px


def counts(row: list[int], setting: str) -> bool:
    """Whether a setting of the miniature's evaluation counts a face, ten numbers."""
    return row[2] > 0 and row[3] >= LEAST_HEIGHTS[setting] and not row[7]


def face_list(faces: dict[str, dict[str, list[list[int]]]], setting: str) -> bytes:
    """A ``wider_*_val.mat`` of the faces, ten numbers each, by event and image."""
    lists: dict[str, list[list[Any]]] = {"file_list": [], "face_bbx_list": [], "gt_list": []}
    for images in faces.values():
        numbers = [[n for n, row in enumerate(rows, 1) if counts(row, setting)] for rows in images.values()]
        lists["file_list"].append(list(images))
        # The official boxes have once a negative width, where the text has none.
        boxes = [[[x, y, -2 if x and not w else w, h] for x, y, w, h, *_ in rows] for rows in images.values()]
        lists["face_bbx_list"].append([np.array(of_image, np.int32) for of_image in boxes])
        lists["gt_list"].append([np.array(chosen, np.uint8).reshape(-1, 1) for chosen in numbers])
    content = {name: cells([cells(of_event) for of_event in value]) for name, value in lists.items()}
    buffer = io.BytesIO()
    savemat(buffer, {"event_list": cells(list(faces)), **content}, do_compression=True)
    return buffer.getvalue()


def cells(values: list[Any]) -> np.ndarray:
    """A MATLAB column of cells."""
    column = np.empty((len(values), 1), object)
    for row, value in enumerate(values):
        column[row, 0] = value
    return column


# CrowdPose ------------------------------------------------------------------------------------------------------------

CROWD_JOINTS = [*COCO_JOINTS[5:], "head", "neck"]


def crowdpose(folder: Path, images: int = 20, seed: int = 0) -> None:
    """images.zip and the four annotation files; trainval is train and val, and test shows val's scenes again.

    In the second image with people, the first has head and neck only, which the official file counts as no keypoint; in
    the third one, the first person is a crowd.
    """
    files: dict[str, bytes | str] = {}
    parts: dict[str, tuple[list, list]] = {}
    for offset, part, scene in ((100, "train", "train"), (200, "val", "val"), (300, "test", "val")):
        listed, annotations, peopled = [], [], 0
        for index, (image, records) in enumerate(scenes(images, seed, scene)):
            image_id = 1000 * offset + index
            files[f"images/{image_id}.jpg"] = encoded(image)
            listed.append(
                {"file_name": f"{image_id}.jpg", "id": image_id, "height": SIZE[1], "width": SIZE[0],
                 "crowdIndex": (0.0, 0.4, 1.09)[index % 3]}
            )  # fmt: skip
            people = [record for record in records if record["category_id"] == PERSON]
            peopled += bool(people)
            for number, record in enumerate(people):
                crowd, headed = number == 0 and peopled == 3, number == 0 and peopled == 2
                keypoints = [0] * 42 if crowd else crowd_joints(record["keypoints"], only_head=headed)
                annotations.append(
                    {"num_keypoints": sum(v > 0 for v in keypoints[2:36:3]), "iscrowd": int(crowd),
                     "keypoints": keypoints, "image_id": image_id, "bbox": record["bbox"], "category_id": 1,
                     "id": 100 * image_id + number}
                )  # fmt: skip
        parts[part] = listed, annotations
    parts["trainval"] = parts["train"][0] + parts["val"][0], parts["train"][1] + parts["val"][1]
    # The official files carry COCO's skeleton, which does not fit their joints.
    skeleton = [[16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9], [8, 10]]
    category = {"supercategory": "person", "id": 1, "name": "person", "keypoints": CROWD_JOINTS, "skeleton": skeleton}
    for part, (listed, annotations) in parts.items():
        content = {"images": listed, "annotations": annotations, "categories": [category]}
        (folder / f"crowdpose_{part}.json").write_text(json.dumps(content))
    _write(folder / "images.zip", files)


def crowd_joints(coco: list[float], only_head: bool = False) -> list[int]:
    """CrowdPose's 14 joints from COCO's 17: limbs as they are, neck between the shoulders, head above the nose."""
    points = np.array(coco, float).reshape(17, 3)
    joints = np.zeros((14, 3))
    joints[:12] = 0 if only_head else points[5:]
    shoulders, nose = points[5:7], points[0]
    joints[13] = [*shoulders[:, :2].mean(0), 1]
    joints[12] = [*(nose[:2] + 0.8 * (nose[:2] - joints[13, :2])), 1] if nose[2] else [*(joints[13, :2] - (0, 20)), 1]
    return np.round(joints).astype(int).ravel().tolist()


# Cityscapes -----------------------------------------------------------------------------------------------------------

CITY_IDS = {
    "ego vehicle": 1, "out of roi": 3, "static": 4, "road": 7, "building": 11, "person": 24, "rider": 25, "car": 26,
    "bus": 28, "caravan": 29, "bicycle": 33, "license plate": -1,
}  # fmt: skip
_CITY_INSTANCES = {"person", "rider", "car", "bus", "caravan", "bicycle"}


def cityscapes(folder: Path, images: int = 20, seed: int = 0) -> None:
    """leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip, with annotations drawn from polygons.

    The first person of every second image rides. Image 1 has a group of people, image 2 a caravan, image 3 a person who
    is wholly covered by a later polygon, image 4 a deleted polygon; all have void borders and a licence plate.
    """
    pictures: dict[str, bytes | str] = {"README": "", "license.txt": ""}
    labels: dict[str, bytes | str] = {"README": "", "license.txt": ""}
    for part, city in (("train", "aachen"), ("val", "frankfurt")):
        for index, (image, records) in enumerate(scenes(images, seed, part)):
            stem = f"{city}_{index:06d}_000019"
            objects = city_objects(records, index)
            drawn = draw_city(objects)
            pictures[f"leftImg8bit/{part}/{city}/{stem}_leftImg8bit.png"] = encoded(image, "PNG")
            fine = f"gtFine/{part}/{city}/{stem}_gtFine"
            content = {"imgHeight": SIZE[1], "imgWidth": SIZE[0], "objects": objects}
            labels[f"{fine}_polygons.json"] = json.dumps(content)
            labels[f"{fine}_instanceIds.png"] = encoded(Image.fromarray(drawn.astype(np.uint16)), "PNG")
            classes = np.where(drawn >= 1000, drawn // 1000, drawn).astype(np.uint8)
            labels[f"{fine}_labelIds.png"] = encoded(classes, "PNG")
    _write(folder / "leftImg8bit_trainvaltest.zip", pictures)
    _write(folder / "gtFine_trainvaltest.zip", labels)


def city_objects(records: list[dict[str, Any]], index: int) -> list[dict[str, Any]]:
    """Image ``index``'s polygons, back to front."""
    width, height = SIZE

    def box(label: str, x: int, y: int, w: int, h: int, **more: Any) -> dict[str, Any]:
        return {"label": label, "polygon": [[x, y], [x + w, y], [x + w, y + h], [x, y + h]], **more}

    objects = [box("road", 0, 0, width, height), box("building", 0, 0, width, 40)]
    if index == 3:
        objects += [box("person", 20, 100, 10, 20), box("building", 15, 95, 20, 30)]
    names = {PERSON: "person", CAR: "car", BUS: "bus", BICYCLE: "bicycle"}
    riding = index % 2 == 0
    for record in records:
        label = names.get(record["category_id"], "static")
        if label == "person" and riding:
            label, riding = "rider", False
        for outline in outlines(mask_of(record))[:1]:
            objects.append({"label": label, "polygon": outline.tolist()})
    if index == 1:
        objects.append(box("persongroup", 200, 60, 30, 25))
    if index == 2:
        objects.append(box("caravan", 200, 60, 30, 25))
    if index == 4:
        objects.append(box("person", 100, 100, 10, 20, deleted=1))
    plate = box("license plate", 120, 150, 8, 4)
    return [*objects, plate, box("out of roi", 0, 0, width, 3), box("ego vehicle", 0, height - 12, width, 12)]


def draw_city(objects: list[dict[str, Any]]) -> np.ndarray:
    """The picture of instance ids, (height, width) int32, as the official tools draw it."""
    image = Image.new("I", SIZE, 0)
    pen = ImageDraw.Draw(image)
    numbers = dict.fromkeys(_CITY_INSTANCES, 0)
    for entry in objects:
        if entry.get("deleted"):
            continue
        label = entry["label"].removesuffix("group")
        value = CITY_IDS[label]
        if label in _CITY_INSTANCES and label == entry["label"]:
            value = 1000 * value + numbers[label]
            numbers[label] += 1
        if value >= 0:
            pen.polygon([tuple(point) for point in entry["polygon"]], fill=value)
    return np.array(image)


# BDD100K --------------------------------------------------------------------------------------------------------------

BDD_NAMES = {PERSON: "pedestrian", CAR: "car", BUS: "bus", BICYCLE: "bicycle"}
BDD_IDS = {"pedestrian": 1, "rider": 2, "car": 3, "bus": 5, "bicycle": 8}


def bdd100k(folder: Path, images: int = 20, seed: int = 0) -> None:
    """The two archives of images, the labels of instance segmentation (bitmasks and RLE) and of detection.

    The first person of every second image rides; in image 1 the first object is a crowd, in image 2 it is ignored (an
    "other person" or "other vehicle" in the JSON files). Image 3 has no instances, and one image more has no labels.
    """
    pictures: dict[str, dict[str, bytes | str]] = {"10k": {}, "100k": {}}
    masks: dict[str, bytes | str] = {}
    boxes: dict[str, bytes | str] = {}
    for part in ("train", "val"):
        frames: dict[str, list[dict[str, Any]]] = {"rles": [], "det_20": []}
        for index, (image, records) in enumerate(scenes(images, seed, part)):
            name = f"{index:08x}-{part}"
            for kind, members in pictures.items():
                members[f"bdd100k/images/{kind}/{part}/{name}.jpg"] = encoded(image)
            objects = bdd_objects(records, index)
            masks[f"bdd100k/labels/ins_seg/bitmasks/{part}/{name}.png"] = encoded(bitmask(objects), "PNG")
            masks[f"bdd100k/labels/ins_seg/colormaps/{part}/{name}.png"] = encoded(np.zeros((4, 4, 3), np.uint8), "PNG")
            for kind, frame in frames.items():
                labels = [_scalabel(entry, number, kind) for number, entry in enumerate(objects, 1)]
                frame.append({"name": f"{name}.jpg", "videoName": None, "labels": labels if objects else None})
            lane = {"id": "lane", "category": "lane/road curb", "poly2d": [{"vertices": [[0, 0], [5, 5]]}]}
            frames["det_20"][0]["labels"] = [*(frames["det_20"][0]["labels"] or []), *([lane] if index == 0 else [])]
        for kind, members in pictures.items():
            members[f"bdd100k/images/{kind}/{part}/ffffffff-{part}.jpg"] = encoded(image)
        masks[f"bdd100k/labels/ins_seg/rles/ins_seg_{part}.json"] = json.dumps({"frames": frames["rles"]})
        boxes[f"bdd100k/labels/det_20/det_{part}.json"] = json.dumps(frames["det_20"])
    for kind, members in pictures.items():
        _write(folder / f"bdd100k_images_{kind}.zip", members)
    _write(folder / "bdd100k_ins_seg_labels_trainval.zip", masks)
    _write(folder / "bdd100k_det_20_labels_trainval.zip", boxes)


def bdd_objects(records: list[dict[str, Any]], index: int) -> list[dict[str, Any]]:
    """Image ``index``'s instances: category, flags and mask; no two masks share a pixel."""
    objects = []
    riding = index % 2 == 0
    for record in records if index != 3 else []:
        category = BDD_NAMES.get(record["category_id"])
        if category is None:
            continue
        if category == "pedestrian" and riding:
            category, riding = "rider", False
        flags = {"truncated": index % 4 == 0, "occluded": bool(index % 3), "crowd": False, "ignored": False}
        objects.append({"category": category, "flags": flags, "mask": mask_of(record)})
    if objects and index in (1, 2):
        objects[0]["flags"]["crowd" if index == 1 else "ignored"] = True
        if objects[0]["category"] == "rider":
            objects[0]["category"] = "pedestrian"
    return objects


def bitmask(objects: list[dict[str, Any]]) -> np.ndarray:
    """The instances as BDD100K's (height, width, 4) uint8."""
    pixels = np.zeros((SIZE[1], SIZE[0], 4), np.uint8)
    for number, entry in enumerate(objects, 254):  # so that both bytes of the number count
        f = entry["flags"]
        bits = (f["truncated"] << 3) + (f["occluded"] << 2) + (f["crowd"] << 1) + f["ignored"]
        pixels[entry["mask"]] = BDD_IDS[entry["category"]], bits, number >> 8, number & 255
    return pixels


def _scalabel(entry: dict[str, Any], number: int, kind: str) -> dict[str, Any]:
    flags = {name: value for name, value in entry["flags"].items() if name != "ignored"}
    category = entry["category"]
    if entry["flags"]["ignored"]:
        category = {"pedestrian": "other person", "car": "other vehicle"}.get(category, category)
        if category == entry["category"]:
            flags["ignored"] = True
    label = {"id": str(number), "category": category, "attributes": flags}
    rows, columns = np.nonzero(entry["mask"])
    if kind == "det_20":
        corners = {"x1": columns.min(), "y1": rows.min(), "x2": columns.max(), "y2": rows.max()}
        return label | {"box2d": {key: float(value) for key, value in corners.items()}}
    rle = coco_mask.encode(np.asfortranarray(entry["mask"], dtype=np.uint8))
    return label | {"rle": {"counts": rle["counts"].decode(), "size": list(rle["size"])}}
