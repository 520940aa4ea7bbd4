"""faster-coco-eval as COCO's backend: is it equal to pycocotools, how much faster, and what does it not give.

    pip install --no-deps faster-coco-eval==1.8.0
    OMP_NUM_THREADS=1 python -m benchmarks.coco_backend [--images 5000] [--categories 80]

Equality is measured on the odd random data of the tests (240 images; boxes, masks, keypoints), speed on boxes of many
images and categories, in CPU seconds of one thread within one run: both backends get the same records. A bootstrap
also needs every image's matches, which pycocotools gives with the metrics; beside a backend that does not, it has to
run over all areas as one.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import io
import time
from typing import Any

import numpy as np
from pycocotools.coco import COCO as PycocoCOCO
from pycocotools.cocoeval import COCOeval

from anonbench.config.plugins import TASKS
from anonbench.evaluate.coco import evaluate, runs_of
from anonbench.evaluate.comparison import compare as compare_task
from tests.helpers.scored import random_data


def faster(
    images: list[dict], categories: list[dict], truth: list[dict], found: list[dict], iou_type: str, sigmas: Any = None
) -> Any:
    """:func:`anonbench.evaluate.coco.evaluate` with the other package; returns its evaluator."""
    from faster_coco_eval import COCO, COCOeval_faster

    for records in (truth, found):
        for key, record in enumerate(records, start=1):
            record["id"] = key
    for record in found:
        record["iscrowd"] = 0
    sets = [COCO({"images": images, "categories": categories, "annotations": a}) for a in (truth, found)]
    run = COCOeval_faster(*sets, iou_type, kpt_oks_sigmas=sigmas, separate_eval=True, rle_iou_max_workers=1)
    run.params.catIds = [category["id"] for category in categories]
    run.evaluate()
    run.accumulate()
    return run


def cases(images: int) -> list[tuple]:
    """Arguments of both backends: the tests' data, all boxes, all masks, and each category's keypoints."""
    made = random_data(np.random.default_rng(11), images)
    return [arguments for task in TASKS.names() for arguments in runs_of(compare_task(*made, task))]


def large(images: int, categories: int) -> tuple:
    """Boxes as a trained detector finds them: 7 instances an image, 4 detections of each, 12 strays."""
    rng = np.random.default_rng(0)
    kinds = [{"id": k + 1, "name": str(k)} for k in range(categories)]
    rows = [{"id": k + 1, "width": 640, "height": 480} for k in range(images)]
    places = np.column_stack([rng.uniform(0, 400, (7 * images, 2)), rng.uniform(5, 240, (7 * images, 2))])
    owners, labels = np.repeat(np.arange(images), 7) + 1, rng.integers(1, categories + 1, 7 * images)
    moved = np.repeat(places, 4, axis=0) * rng.uniform(0.85, 1.15, (28 * images, 4))
    strays = np.column_stack([rng.uniform(0, 400, (12 * images, 2)), rng.uniform(5, 240, (12 * images, 2))])
    boxes = np.concatenate([moved, strays])
    where = np.concatenate([np.repeat(owners, 4), np.repeat(np.arange(images), 12) + 1])
    what = np.concatenate([np.repeat(labels, 4), rng.integers(1, categories + 1, 12 * images)])
    truth = [_record(*row) | {"iscrowd": 0} for row in zip(owners, labels, places, strict=True)]
    scores = rng.random(len(boxes)).tolist()
    found = [_record(*row) | {"score": s} for row, s in zip(zip(where, what, boxes, strict=True), scores, strict=True)]
    return rows, kinds, truth, found, "bbox", None


def _record(image: int, category: int, box: np.ndarray) -> dict[str, Any]:
    area = float(box[2] * box[3])
    return {"image_id": int(image), "category_id": int(category), "bbox": box.tolist(), "area": area}


def matches_alone(
    images: list[dict], categories: list[dict], truth: list[dict], found: list[dict], iou_type: str, sigmas: Any = None
) -> None:
    """pycocotools for the matches of every image only: no areas, nothing accumulated."""
    for records in (truth, found):
        for key, record in enumerate(records, start=1):
            record["id"] = key
    for record in found:
        record["iscrowd"] = 0
    with contextlib.redirect_stdout(io.StringIO()):
        run = COCOeval(*(indexed(images, categories, records) for records in (truth, found)), iou_type)
        run.params.areaRng, run.params.areaRngLbl = run.params.areaRng[:1], run.params.areaRngLbl[:1]
        run.evaluate()


def indexed(images: list[dict], categories: list[dict], annotations: list[dict]) -> PycocoCOCO:
    coco = PycocoCOCO()
    coco.dataset = {"images": images, "categories": categories, "annotations": annotations}
    coco.createIndex()
    return coco


def compare(case: tuple) -> tuple[float, float, float]:
    """The largest difference in any precision or recall, and both backends' CPU seconds (pycocotools' first)."""
    copies = copy.deepcopy(case)
    start = time.process_time()
    theirs = evaluate(*case)
    assert theirs.precision.size  # accumulated when it is asked for
    middle = time.process_time()
    run = faster(*copies)
    end = time.process_time()
    difference = max(
        float(np.abs(np.asarray(run.eval[key]).reshape(getattr(theirs, key).shape) - getattr(theirs, key)).max())
        for key in ("precision", "recall")
    )
    return difference, middle - start, end - middle


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5000, help="images of the large case")
    parser.add_argument("--categories", type=int, default=80, help="categories of the large case")
    options = parser.parse_args()
    for case in cases(240):
        names = "+".join(category["name"] for category in case[1])
        print(f"{case[4]} ({names}): largest difference {compare(case)[0]:.2e}")
    run = faster(*copy.deepcopy(cases(3)[0]))
    readable = [name for name in dir(run._evalImgs_cpp[0]) if not name.startswith("_")]
    print(f"matches of a single image: {readable or 'not readable from Python'}; evalImgs: {len(run.evalImgs)} entries")
    case = large(options.images, options.categories)
    again = copy.deepcopy(case)
    difference, ours, other = compare(case)
    start = time.process_time()
    matches_alone(*again)
    both = other + time.process_time() - start
    print(f"{options.images} images x {options.categories} categories, boxes: difference {difference:.2e}")
    print(f"pycocotools {ours:.1f} s, faster-coco-eval {other:.1f} s: {ours / other:.1f} times as fast")
    print(f"faster-coco-eval and the matches by pycocotools {both:.1f} s: {ours / both:.1f} times as fast")


if __name__ == "__main__":
    main()
