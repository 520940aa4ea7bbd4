"""Anonymization speed against the cost of decoding an image and encoding it whole, per core, as a Markdown table.

Run from the project's root::

    python -m benchmarks.anonymize \\
        --dataset resources/datasets/pennfudan --regions resources/regions/pennfudan/train/body.json

Without arguments it takes every region file of a ``train`` split under ``resources/regions/``, or a synthetic set where
none exists. A ratio of 70 % or more is the goal: anonymizing then costs less than half of what the codec does.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from anonbench.anonymize.frame import Anonymized, anonymize
from anonbench.anonymize.jobs import Job, decoded
from anonbench.anonymize.method import Method
from anonbench.common.files import read_json, sha256_file, write_json
from anonbench.common.images import decode, encode
from anonbench.common.records import write_record
from anonbench.config.plugins import METHODS
from anonbench.regions.files import ImageRegions, RegionFile, encode_region, read_regions
from anonbench.regions.region import Region
from anonbench.variants.edits import cut
from anonbench.variants.entry import Edit

LEVELS = {
    "blur": {"low": {"sigma": 0.05}, "medium": {"sigma": 0.1}, "high": {"sigma": 0.2}},
    "pixelate": {"low": {"cells": 16}, "medium": {"cells": 8}, "high": {"cells": 4}},
    "mask_out": {"low": {"grow": 0.0}, "medium": {"grow": 0.05}, "high": {"grow": 0.1}},
    "inpaint": {"low": {"grow": 0.02}, "medium": {"grow": 0.05}, "high": {"grow": 0.1}},
}


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, help="a dataset in the common form, resources/datasets/NAME")
    parser.add_argument("--regions", type=Path, help="a region file of that dataset")
    parser.add_argument("--levels", nargs="+", default=["medium"], choices=["low", "medium", "high"])
    parser.add_argument("--images", type=int, default=60, help="at most this many images of each set")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of this many runs of each image counts")
    args = parser.parse_args()
    if (args.dataset is None) != (args.regions is None):
        parser.error("--dataset and --regions belong together")
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as scratch:
        if args.dataset:
            sets = [(args.dataset, args.regions)]
        else:
            found = sorted(Path("resources/regions").glob("*/train/*.json"))
            sets = [(Path("resources/datasets") / path.parts[2], path) for path in found]
        sets = sets or [synthetic(Path(scratch) / "synthetic", args.images)]
        print("| dataset | region | method | level | images | codec images/s | variant images/s | ratio | fallbacks |")
        print("|---|---|---|---|---:|---:|---:|---:|---|")
        for dataset, regions in sets:
            measure(dataset, regions, args)


def measure(dataset: Path, regions_file: Path, args: argparse.Namespace) -> None:
    """Print the rows of one dataset and region: bytes to bytes, masks decoded from the file, per second of CPU time."""
    regions = read_regions(regions_file)
    split = regions.split
    digests = {
        image["file_name"]: image["sha256"] for image in read_json(dataset / "annotations" / f"{split}.json")["images"]
    }
    chosen = [image for image in regions.images if image.regions]
    chosen = chosen[:: max(1, len(chosen) // args.images)][: args.images]
    for method, levels in LEVELS.items():
        for level in args.levels:
            anonymizer = METHODS.create(method, levels[level])
            codec = whole = 0.0
            fallbacks: dict[str, int] = {}
            for image in chosen:
                job = _job(dataset / "images" / split, image, digests[image.file_name])
                data = job.source.read_bytes()
                # Alternating within one run, so that other load on the machine meets both alike.
                codec += fastest(args.repeats, lambda d=data, j=job: encode(decode(d), j.source.suffix))
                whole += fastest(args.repeats, lambda d=data, j=job, a=anonymizer: _whole(d, j, a))
                for reason, count in _anonymized(data, job, anonymizer).fallbacks.items():
                    fallbacks[reason] = fallbacks.get(reason, 0) + count
            count = len(chosen)
            listed = ", ".join(f"{reason} {n}" for reason, n in sorted(fallbacks.items())) or "none"
            print(
                f"| {regions.dataset} | {regions.region} | {method} | {level} | {count} | {count / codec:.1f} "
                f"| {count / whole:.1f} | {codec / whole:.0%} | {listed} |",
                flush=True,
            )


def _anonymized(data: bytes, job: Job, method: Method) -> Anonymized:
    return anonymize(method, decoded(data, job), job.regions(), job.rng())


def _whole(data: bytes, job: Job, method: Method) -> tuple[Edit, bytes] | None:
    before = decoded(data, job)
    return cut(before, anonymize(method, before, job.regions(), job.rng()).image)


def fastest(repeats: int, function: Callable[[], Any]) -> float:
    """Seconds of CPU time of the fastest call."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def _job(images_dir: Path, image: ImageRegions, sha256: str) -> Job:
    return Job(
        source=images_dir / image.file_name,
        file_name=image.file_name,
        sha256=sha256,
        size=(image.width, image.height),
        records=image.regions,
        seed=0,
    )


def synthetic(folder: Path, count: int) -> tuple[Path, Path]:
    """Write smooth noise with one elliptic body per image; the paths of the dataset and its region file."""
    rng = np.random.default_rng(0)
    images, regions = [], []
    height, width = 400, 540
    for number in range(count):
        name = f"{number:03d}.{'jpg' if number % 2 else 'png'}"
        picture = cv2.resize(rng.integers(0, 256, (50, 68, 3), dtype=np.uint8), (width, height))
        path = folder / "images" / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(picture, path.suffix))
        mask = np.zeros((height, width), np.uint8)
        x, y = int(rng.integers(100, 400)), int(rng.integers(180, 220))
        cv2.ellipse(mask, (x, y), (60, 150), 0, 0, 360, 1, -1)
        region = Region(np.array([x - 60, y - 150, x + 61, y + 151], float), mask.astype(bool))
        entry = {"file_name": name, "width": width, "height": height}
        images.append({"id": number, **entry, "sha256": sha256_file(path)})
        regions.append(ImageRegions(image_id=number, **entry, regions=[encode_region(region)]))
    write_json(folder / "annotations" / "train.json", {"images": images, "annotations": [], "categories": []})
    write_record(folder / "body.json", RegionFile(dataset="synthetic", split="train", region="body", images=regions))
    return folder, folder / "body.json"


if __name__ == "__main__":
    main()
