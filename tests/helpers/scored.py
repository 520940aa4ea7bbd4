"""Random datasets and predictions in COCO's form."""

import copy

import numpy as np
from pycocotools import mask as rle

from anonbench.evaluate.bootstrap import resample
from anonbench.evaluate.comparison import compare

POINTS = ["left_shoulder", "right_shoulder", "left_hip", "right_hip", "nose"]
CATEGORIES = [
    {"id": 2, "name": "person", "is_person": True, "keypoints": POINTS, "sigmas": [0.08, 0.08, 0.1, 0.1, 0.03]},
    {"id": 7, "name": "dog", "is_person": False, "keypoints": POINTS[:3], "sigmas": [0.05, 0.1, 0.2]},
    {"id": 9, "name": "car", "is_person": False},
    {"id": 30, "name": "ghost", "is_person": False},  # never annotated, sometimes detected
]
SIZE = 160


def annotation(key, image_id, category_id, bbox, **more):
    x, y, w, h = bbox
    polygon = [[x, y, x + w, y, x + w, y + h, x, y + h]]
    record = {"id": key, "image_id": image_id, "category_id": category_id, "bbox": list(bbox), "area": w * h}
    return record | {"iscrowd": 0, "segmentation": polygon} | more


def dataset(annotations, images=(1,), categories=CATEGORIES):
    rows = [{"id": i, "file_name": f"{i}.png", "width": SIZE, "height": SIZE} for i in images]
    info = {"dataset": "made", "split": "val"}
    return copy.deepcopy({"info": info, "images": rows, "annotations": annotations, "categories": categories})


def random_data(rng, images=40):
    """A dataset with gaps in its ids, crowds and empty images, and predictions with near misses, strays and ties."""
    ids = rng.choice(10 * images, images, replace=False).tolist()
    truth, results = [], {"bbox": [], "segmentation": [], "keypoints": []}
    for image_id in ids:
        for _ in range(rng.integers(0, 5)):
            category = CATEGORIES[rng.integers(0, 3)]
            w, h = (rng.uniform(6, 150, 2)).tolist()
            x, y = rng.uniform(0, SIZE - w), rng.uniform(0, SIZE - h)
            count = len(category.get("keypoints", ()))
            points = np.column_stack([rng.uniform(x, x + w, count), rng.uniform(y, y + h, count),
                                      rng.integers(0, 3, count)])  # fmt: skip
            more = {"iscrowd": int(rng.random() < 0.1)}
            if count and rng.random() < 0.9:
                more["keypoints"] = points.ravel().tolist()
                more["num_keypoints"] = int((points[:, 2] > 0).sum())
            truth.append(annotation(3 * len(truth), image_id, category["id"], (x, y, w, h), **more))
            for _ in range(rng.integers(0, 4)):
                detect(rng, results, image_id, category, [x, y, w, h], points, 3 * (len(truth) - 1))
        for _ in range(rng.integers(0, 3)):
            category = CATEGORIES[rng.integers(0, 4)]
            count = len(category.get("keypoints", ()))
            detect(rng, results, image_id, category, rng.uniform(10, 60, 4).tolist(), rng.uniform(0, SIZE, (count, 3)))
    return dataset(truth, ids), results


def detect(rng, results, image_id, category, box, points, key=None):
    score = float(np.round(rng.random(), 1)) if rng.random() < 0.5 else float(rng.random())
    base = {"image_id": image_id, "category_id": category["id"], "score": score}
    x, y, w, h = (np.array(box) * rng.uniform(0.85, 1.15, 4)).tolist()
    results["bbox"].append(base | {"bbox": [x, y, w, h]})
    mask = np.zeros((SIZE, SIZE), np.uint8)
    mask[round(y) : round(y + h), round(x) : round(x + w)] = 1
    encoded = rle.encode(np.asfortranarray(mask))
    encoded["counts"] = encoded["counts"].decode()
    # A box beside the mask must not decide on the area split.
    results["segmentation"].append(base | {"segmentation": encoded, "bbox": [0, 0, 1, 1]})
    if len(points):
        moved = points.copy()
        moved[:, :2] += rng.normal(0, 0.04 * (w + h), (len(points), 2))
        pose = base | {"keypoints": moved.ravel().tolist(), "bbox": [0, 0, 1, 1]}
        results["keypoints"].append(pose if key is None else pose | {"annotation_id": key})


def drawn(images, *indices):
    """The (B, I) draws of which each has the images at these positions, repeated as they are."""
    return np.array([np.bincount(np.array(one, dtype=int), minlength=images) for one in indices], dtype=np.uint16)


def resampled(truth, predictions, task, *indices):
    """The metrics over all categories of the images at these positions in the ascending ids, one dict for each draw."""
    found = resample(compare(truth, predictions, task), drawn(len(truth["images"]), *indices)).metrics
    return [{name: float(values[b]) for name, values in found.items()} for b in range(len(indices))]
