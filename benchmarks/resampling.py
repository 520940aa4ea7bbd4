"""How long the metrics of many resamples take, on data of the size of COCO, Cityscapes and WIDER FACE.

    OMP_NUM_THREADS=1 python -m benchmarks.resampling [--resamples 1000] [--threads 2] [--only coco]

COCO: 5,000 images, 36,000 instances of 80 categories, of which a third are people, 100 detections kept in every image:
two at each instance, the rest anywhere. Cityscapes: 500 images of 24 instances and 96 masks. WIDER FACE: 3,226 images,
39,700 faces and 200 detections an image. *matching* compares predictions with annotations, once, and keeps what
resamples need; *compiling* is a first call with one resample; *resampling* takes all metrics of all resamples. For
comparison: what the official code takes for a single resample, once everything is matched.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from anonbench.config.plugins import METRICS
from anonbench.evaluate import coco
from anonbench.evaluate.bootstrap import shared
from anonbench.evaluate.comparison import Comparison, compare
from anonbench.evaluate.draws import draw
from anonbench.evaluate.metrics import cityscapes
from anonbench.evaluate.metrics.cityscapes import Masks, Pixels
from anonbench.evaluate.metrics.wider_face import SETTINGS
from anonbench.evaluate.records import Record

SIDE = 640


def boxes(rng: np.random.Generator, images: int, instances: int, kept: int, categories: int) -> tuple[Record, list]:
    """A split and detections: two at each instance, as long as the image's number of detections allows, and strays."""
    labels = (
        np.minimum(rng.geometric(1 / 3, instances), 1)
        if categories == 1
        else rng.integers(2, categories + 1, instances)
    )
    labels = np.where(rng.random(instances) < 1 / 3, 1, labels)
    owners = rng.integers(1, images + 1, instances)
    sizes = np.exp(rng.uniform(np.log(8), np.log(300), (instances, 2)))
    places = np.column_stack([rng.uniform(0, SIDE - sizes), sizes])
    hits = np.repeat(np.arange(instances), 2)
    near = places[hits] + rng.normal(0, 0.06, (len(hits), 4)) * np.tile(sizes[hits], 2)
    near[:, 2:] = np.maximum(near[:, 2:], 1)
    found = [_found(*row) for row in zip(owners[hits], labels[hits], near, rng.beta(2, 2, len(hits)), strict=True)]
    number = np.bincount(owners[hits], minlength=images + 1)[1:]
    strays = np.repeat(np.arange(1, images + 1), np.maximum(kept - number, 0))
    anywhere = np.column_stack([rng.uniform(0, SIDE / 2, (len(strays), 2)), rng.uniform(5, SIDE / 2, (len(strays), 2))])
    guesses, scores = rng.integers(1, categories + 1, len(strays)), rng.beta(1, 6, len(strays))
    found += [_found(*row) for row in zip(strays, guesses, anywhere, scores, strict=True)]
    truth = [
        {
            "id": n + 1, "image_id": int(image), "category_id": int(label), "bbox": box.tolist(), "iscrowd": 0,
            "area": float(box[2] * box[3]), "difficulty": list(SETTINGS[rng.integers(0, 4) :]),
        }
        for n, (image, label, box) in enumerate(zip(owners, labels, places, strict=True))
    ]  # fmt: skip
    rows = [{"id": n + 1, "file_name": f"{n + 1}.jpg", "width": SIDE, "height": SIDE} for n in range(images)]
    kinds = [{"id": k + 1, "name": f"kind {k + 1}"} for k in range(categories)]
    return {"info": {"dataset": "made"}, "images": rows, "annotations": truth, "categories": kinds}, found


def _found(image: int, category: int, box: np.ndarray, score: float) -> Record:
    return {"image_id": int(image), "category_id": int(category), "bbox": box.tolist(), "score": float(score)}


def masks(rng: np.random.Generator, images: int, instances: int, kept: int) -> Masks:
    """Numbers of pixels of 8 categories; two detections at each instance, the rest at none."""
    made = Masks(images, {})
    for k in range(8):
        pixels = made.categories[f"kind {k + 1}"] = Pixels()
        for image in range(images):
            truth = [(int(size), bool(rng.random() < 0.03)) for size in rng.integers(60, 5000, instances // 8)]
            found, shared_pixels = [], []
            for t, (size, _) in enumerate(truth * 2):
                found.append((float(rng.beta(2, 2)), size, int(0.05 * size)))
                shared_pixels.append((t % len(truth), t, int(size * rng.uniform(0.6, 0.99))))
            for _ in range(kept // 8 - len(found)):
                found.append((float(rng.beta(1, 6)), 500, int(rng.integers(0, 400))))
            pixels.images.append(image)
            pixels.truth.append(truth)
            pixels.found.append(found)
            pixels.shared.append(shared_pixels)
    return made


@dataclass(frozen=True)
class Took:
    """Seconds of the wall clock, and of all threads' CPUs."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cpu:.1f} s of CPU)"


def timed(work: Callable[[], Any]) -> tuple[Took, Any]:
    """How long the work takes, and what it gives."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu), found


def measure(name: str, details: Any, images: int, options: argparse.Namespace, official: Took | None) -> None:
    """Print what the resamples of a metric take, beside the official code for one."""
    metric = METRICS.create(name, {})
    drawing, draws = timed(lambda: draw([{"id": n} for n in range(images)], options.resamples, seed=0))
    compiling, _ = timed(lambda: metric.resample(details, draws[:1]))
    took, found = timed(lambda: shared(metric, details, draws, options.threads))
    print(f"    drawing {drawing}, compiling {compiling}, resampling {took}")
    if official:
        ratio = official.cpu * options.resamples / took.cpu
        print(f"    official code for one resample {official}: {ratio:,.0f} times as much CPU")
    spread = {key: f"{100 * values.mean():.1f} ± {100 * values.std():.1f}" for key, values in found.metrics.items()}
    print("   ", ", ".join(f"{key} {value}" for key, value in spread.items()))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"    peak memory so far {peak:,.0f} MB, records included")


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--resamples", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=["coco", "cityscapes", "wider_face"], help="measure no other")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    if options.only in (None, "coco"):
        comparison = _compared(*boxes(rng, 5000, 36_000, 100, 80))
        matching, runs = timed(lambda: coco.evaluations(comparison))
        keeping, details = timed(lambda: coco.matches_by_category(runs, comparison.categories))
        official, _ = timed(lambda: coco.overall(runs))
        print(f"coco: matching by pycocotools {matching}, keeping the matches {keeping}")
        measure("coco", details, 5000, options, official)
    if options.only in (None, "cityscapes"):
        made = masks(rng, 500, 24, 100)
        keeping, examples = timed(
            lambda: {name: cityscapes.examples_of(pixels, 500) for name, pixels in made.categories.items()}
        )
        official, _ = timed(lambda: cityscapes.areas_of(made))
        print(f"cityscapes: keeping the examples {keeping}")
        measure("cityscapes", examples, 500, options, official)
    if options.only in (None, "wider_face"):
        comparison = _compared(*boxes(rng, 3226, 39_700, 200, 1))
        matching, faces = timed(lambda: METRICS.create("wider_face", {}).details(comparison))
        print(f"wider_face: matching {matching}")
        measure("wider_face", faces, 3226, options, None)


def _compared(split: Record, found: list[Record]) -> Comparison:
    return compare(split, {"bbox": found}, "detection")


if __name__ == "__main__":
    main()
