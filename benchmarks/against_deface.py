"""Anonymizing faces from file to file: this library against deface, on the same JPEG photographs in one run.

Run from the project's root, with the executable of a deface of its own environment (``pip install deface onnx
onnxruntime``)::

    python -m benchmarks.against_deface FOLDER --deface PATH/bin/deface

Both blur, with their default settings, on so many cores; deface's network takes as many threads as it likes. The runs
alternate, so that other load on the machine meets both alike, and each counts its start.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
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


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="JPEG photographs, in the folder or below")
    parser.add_argument("--deface", type=Path, required=True, help="deface's executable")
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--cores", type=int, default=len(os.sched_getaffinity(0)))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        given, out = Path(scratch, "given"), Path(scratch, "out")
        given.mkdir(), out.mkdir()
        for number, path in enumerate(sorted(args.folder.rglob("*.jpg"))[: args.images]):
            shutil.copyfile(path, given / f"{number:05}.jpg")
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


if __name__ == "__main__":
    main()
