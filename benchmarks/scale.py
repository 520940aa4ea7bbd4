"""What a dataset of COCO's size costs outside of the pixels: converting, linking, dealing, composing, manifests.

Run from the project's root::

    python -m benchmarks.scale [--images 118000] [--shards 8] [--folder /tmp]

Small random JPEGs, of which every second shows one person, go through the stages in a temporary folder (about 2 GB for
118,000), each in a process of its own with one worker: wall-clock and CPU seconds, peak memory, and the files and links
that it adds. The variant, `mask_out`, is made in one job and then in shards, and the manifests are compared.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from anonbench.anonymize.originals import write_originals
from anonbench.anonymize.variant import compose, write_shard, write_variant
from anonbench.anonymize.worklist import deal, work_of, write_lists
from anonbench.common.files import sha256_file, write_json
from anonbench.datasets.prepare import prepare
from anonbench.regions.build import build_regions

SIDE = 32  # px
HOW = {"method": "mask_out", "params": {"grow": 0.02}, "seed": 0}
NAMES = {"dataset": "toy", "split": "train"}


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=118_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch:
        root = Path(scratch)
        make_source(root / "source", args.images)
        print("| step | wall s | CPU s | peak memory MB | files | links |")
        print("|---|---:|---:|---:|---:|---:|")
        measure("convert", convert, root)
        measure("find regions", find_regions, root)
        measure("link originals", link_originals, root)
        measure("anonymize in one job", one_job, root)
        measure(f"deal to {args.shards} shards", deal_out, root, args.shards)
        for shard in sorted({1, args.shards}):
            measure(f"anonymize shard {shard} of {args.shards}", one_shard, root, args.shards, shard)
        for shard in range(2, args.shards):
            one_shard(root, args.shards, shard)
        measure(f"compose {args.shards} shards", put_together, root, args.shards)
        same = sha256_file(root / "one" / "manifest.json") == sha256_file(root / "many" / "manifest.json")
        print(f"\nManifests of one job and of {args.shards} shards are {'equal' if same else 'DIFFERENT'}.")
        if not same:
            sys.exit(1)


def measure(name: str, step: Callable[..., None], root: Path, *args: Any) -> None:
    """Run a step in a fresh process and print its row."""
    before = entries(root)
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_measured, args=(sender, step, root, *args))
    process.start()
    wall, cpu, peak = receiver.recv()
    process.join()
    files, links = (after - earlier for after, earlier in zip(entries(root), before, strict=True))
    print(f"| {name} | {wall:.1f} | {cpu:.1f} | {peak:.0f} | {files:,} | {links:,} |", flush=True)


def _measured(sender: Any, step: Callable[..., None], *args: Any) -> None:
    sys.stderr = open(os.devnull, "w")  # progress bars
    cv2.setNumThreads(1)
    start, begun = time.perf_counter(), time.process_time()
    step(*args)
    sender.send((time.perf_counter() - start, time.process_time() - begun, peak_memory()))


def peak_memory() -> float:
    """This process's own peak in MB: unlike the resource usage, it does not begin with the parent's at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


def entries(root: Path) -> tuple[int, int]:
    """How many files there are below a folder, and how many further names (hard or symbolic links) they have."""
    inodes, names = set(), 0
    for folder, _, files in os.walk(root):
        for name in files:
            status = os.stat(os.path.join(folder, name))
            inodes.add(status.st_ino)
            names += 1
    return len(inodes), names - len(inodes)


def make_source(folder: Path, count: int) -> None:
    """A dataset in COCO's format: random JPEGs, every second one with a person's box."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    images, annotations = [], []
    for number in range(1, count + 1):
        small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
        name = f"{number:012d}.jpg"
        data = cv2.imencode(".jpg", cv2.resize(small, (SIDE, SIDE)))[1].tobytes()
        (folder / "images" / name).write_bytes(data)
        images.append({"id": number, "file_name": name, "width": SIDE, "height": SIDE})
        if number % 2:
            box = {"bbox": [8, 4, 12, 24], "area": 288, "iscrowd": 0}
            annotations.append({"id": number, "image_id": number, "category_id": 1, **box})
    categories = [{"id": 1, "name": "person"}]
    write_json(folder / "train.json", {"images": images, "annotations": annotations, "categories": categories})


def convert(root: Path) -> None:
    """The format `coco` to the common form."""
    place = {"images": str(root / "source" / "images"), "annotations": str(root / "source" / "train.json")}
    spec = {"format": "coco", "splits": {"train": place}, "people": ["person"], "categories": None, "sigmas": None}
    prepare(spec, "train", None, root / "images", root / "annotations.json", "toy")


def find_regions(root: Path) -> None:
    """Bodies from boxes."""
    write_json(
        root / "regions.json", build_regions(root / "annotations.json", root / "images", "body", {"limb_width": 0.1})
    )


def link_originals(root: Path) -> None:
    """The variant `original`."""
    places = {"annotations": root / "annotations.json", "images_dir": root / "images"}
    write_originals(**places, **NAMES, **target(root / "original"))


def one_job(root: Path) -> None:
    """The variant without shards."""
    write_variant(**given(root), **NAMES, variant="body-mask_out-medium", **HOW, workers=1, **target(root / "one"))


def deal_out(root: Path, shards: int) -> None:
    """The lists of all shards."""
    write_lists(deal(work_of(**given(root), **NAMES), shards), root / "lists", root / "lists.json")


def one_shard(root: Path, shards: int, shard: int) -> None:
    """The changed images of one shard."""
    out = target(root / "shards" / str(shard))
    write_shard(work=root / "lists" / f"{shard}.json", originals=given(root)["originals"], **HOW, workers=1, **out)


def put_together(root: Path, shards: int) -> None:
    """The variant of its shards."""
    manifests = [root / "shards" / str(shard) / "manifest.json" for shard in range(1, shards + 1)]
    names = {**NAMES, "variant": "body-mask_out-medium"}
    compose(**given(root), **names, **HOW, shards=manifests, **target(root / "many"))


def given(root: Path) -> dict[str, Path]:
    """The originals' manifest and the region file."""
    return {"originals": root / "original" / "manifest.json", "regions": root / "regions.json"}


def target(folder: Path) -> dict[str, Path]:
    """Where images and manifest go."""
    return {"out_dir": folder / "images", "manifest": folder / "manifest.json"}


if __name__ == "__main__":
    main()
