"""Anonymizing faces from file to file: this library against deface, on the same photographs of WIDER FACE in one run.

Run from the project's root, with WIDER FACE's archives in a folder and the executable of a deface in an environment of
its own (``pip install deface onnx onnxruntime``)::

    python -m benchmarks.against_deface FOLDER --deface PATH/bin/deface

Both blur, with their default settings, on so many cores; deface's network takes as many threads as it likes. The runs
alternate, so that other load on the machine meets both alike, and each counts its start. Recall is that of
``benchmarks/recall.py``; deface hides ellipses.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from anonbench.anonymize.frame import anonymize
from anonbench.common.images import decode, encode
from anonbench.config.plugins import METHODS
from anonbench.config.regions import FaceRegionConfig
from anonbench.detect.faces import face_detector
from anonbench.regions.region import Region
from benchmarks.recall import COVERED, FACE_SIZES, FOUND, Photo, false, overlaps, shares, wider_face


class Worker:
    """One process: its detector is loaded once."""

    def __init__(self, detector: str, out: Path) -> None:
        cv2.setNumThreads(1)
        self.config = FaceRegionConfig(detector=detector)
        self.detect = face_detector(self.config)
        self.method = METHODS.create("blur", {"sigma": 0.1, "grow": self.config.grow})
        self.out = out

    def __call__(self, path: Path) -> int:
        """Write the anonymized photograph; the number of faces."""
        image = decode(path)
        regions = [Region(box, source="detected") for box in self.detect(image).boxes]
        result = anonymize(self.method, image, regions, np.random.default_rng(0)).image if regions else image
        (self.out / path.name).write_bytes(encode(result, path.suffix))
        return len(regions)


_worker: list[Worker] = []


def _start(detector: str, out: Path) -> None:
    _worker.append(Worker(detector, out))


def _work(path: Path) -> int:
    return _worker[0](path)


def ours(paths: list[Path], detector: str, cores: int, out: Path) -> None:
    """All photographs in a pool of processes."""
    with multiprocessing.get_context("spawn").Pool(cores, _start, (detector, out)) as pool:
        pool.map(_work, paths, chunksize=4)


def measured(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds of wall-clock and of CPU time, child processes included."""
    before, start = _cpu(), time.perf_counter()
    run()
    return time.perf_counter() - start, _cpu() - before


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


# Run by deface's own Python: the boxes that it finds with its default threshold, a line for each path.
FIND = """
import json, sys
import imageio.v2 as iio
from deface.centerface import CenterFace
find = CenterFace()
for path in sys.stdin.read().splitlines():
    print("boxes", json.dumps(find(iio.imread(path), threshold=0.2)[0][:, :4].tolist()))
"""
MASK_SCALE = 1.3  # deface's default: so much wider and higher on each side


def boxes_of_deface(executable: Path, paths: list[Path]) -> list[np.ndarray]:
    """(N, 4) ``xyxy`` px of each photograph."""
    lines = "\n".join(map(str, paths))
    found = subprocess.run([executable.parent / "python", "-c", FIND], input=lines, capture_output=True, text=True)
    boxes = [json.loads(line.removeprefix("boxes")) for line in found.stdout.splitlines() if line.startswith("boxes")]
    return [np.array(each, float).reshape(-1, 4) for each in boxes]


def hidden_by_deface(photo: Photo, boxes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(N,) bool: whether the ellipses hide so much of each annotated face."""
    hidden = np.zeros(shape, np.uint8)
    for x1, y1, x2, y2 in boxes:
        size = (x2 - x1) * (2 * MASK_SCALE - 1), (y2 - y1) * (2 * MASK_SCALE - 1)
        cv2.ellipse(hidden, (((x1 + x2) / 2, (y1 + y2) / 2), size, 0), 1, -1)
    parts = [hidden[int(y1) : int(y2), int(x1) : int(x2)] for x1, y1, x2, y2 in np.clip(photo.boxes, 0, None)]
    return np.array([part.size > 0 and part.mean() >= COVERED for part in parts], bool)


def print_recall(folder: Path, executable: Path, paths: list[Path]) -> None:
    """deface's row of the table of ``benchmarks/recall.py``, of all photographs."""
    photos = list(wider_face(folder))
    for path, photo in zip(paths, photos, strict=True):
        path.write_bytes(encode(photo.read(), ".png"))
    sizes, edges = [photo.sizes for photo in photos], FACE_SIZES[1]
    boxes = boxes_of_deface(executable, paths)
    found = [overlaps(p.boxes, b)[0].max(axis=1, initial=0) >= FOUND for p, b in zip(photos, boxes, strict=True)]
    shapes = [cv2.imread(str(path)).shape[:2] for path in paths]
    hidden = [hidden_by_deface(p, b, s) for p, b, s in zip(photos, boxes, shapes, strict=True)]
    wrong = sum(false(p, b) for p, b in zip(photos, boxes, strict=True)) / len(photos)
    print(
        f"| deface | 0.2 | {' | '.join([*shares(found, sizes, edges), *shares(hidden, sizes, edges)])} | {wrong:.2f} |"
    )


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="WIDER FACE's archives")
    parser.add_argument("--deface", type=Path, required=True, help="deface's executable")
    parser.add_argument("--images", type=int, default=140, help="so many, for speed")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        given, out, all_of_them = (Path(scratch, name) for name in ("given", "out", "all"))
        for folder in (given, out, all_of_them):
            folder.mkdir()
        with zipfile.ZipFile(args.folder / "WIDER_val.zip") as archive:
            names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[: args.images]
            for number, name in enumerate(names):
                (given / f"{number:05}.jpg").write_bytes(archive.read(name))
        paths = sorted(given.iterdir())

        def deface() -> None:
            subprocess.run([args.deface, given], check=True, capture_output=True)
            for path in given.glob("*_anonymized.jpg"):
                path.unlink()

        runs: dict[str, Callable[[], object]] = {"deface": deface}
        for detector in ("centerface", "yunet"):
            runs[f"anonbench, {detector}"] = lambda d=detector: ours(paths, d, args.cores, out)
        best: dict[str, tuple[float, float]] = {}
        for _ in range(args.repeats):
            for name, run in runs.items():
                best[name] = min(best.get(name, (float("inf"), 0.0)), measured(run))
                print(name, *(f"{value:.1f} s" for value in best[name]), file=sys.stderr)
        print("| | images/s | of deface | core ms an image |\n|---|---:|---:|---:|")
        for name, (wall, cpu) in best.items():
            speed, share = len(paths) / wall, best["deface"][0] / wall
            print(f"| {name} | {speed:.1f} | {share:.1f} | {1e3 * cpu / len(paths):.0f} |")
        count = sum(1 for _ in wider_face(args.folder))
        print_recall(args.folder, args.deface, [all_of_them / f"{number:05}.png" for number in range(count)])


if __name__ == "__main__":
    main()
