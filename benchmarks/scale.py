"""What a dataset of COCO's size costs outside of the pixels: converting, checking, dealing, composing, manifests.

Run from the project's root::

    python -m benchmarks.scale [--images 118000] [--shards 8] [--folder /tmp]

Small random JPEGs, of which every second shows one person, go through the stages in a temporary folder (about 2 GB for
118,000), each in a process of its own with one worker: wall-clock and CPU seconds, peak memory, and the files and links
that it adds. The variant, `mask_out`, is made in one shard and then in several, and the manifests are compared.
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

from anonbench.anonymize.compose import compose_variant
from anonbench.anonymize.originals import check_originals
from anonbench.anonymize.shard import anonymize_shard
from anonbench.anonymize.worklist import deal_regions, list_name
from anonbench.common.files import sha256_file, write_json
from anonbench.common.records import write_record
from anonbench.config.plugins import FORMATS
from anonbench.config.regions import RegionsConfig
from anonbench.datasets.prepare import prepare
from anonbench.regions.build import build_regions
from anonbench.variants.edit_archive import ARCHIVE
from anonbench.variants.recipe import Recipe

SIDE = 32  # px
RECIPE = Recipe(method="mask_out", plugin="mask_out", config={"grow": 0.02})


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
        measure("check originals", originals, root)
        for shards in sorted({1, args.shards}):
            measure(f"deal to {shards} shards", deal, root, shards)
            for shard in sorted({1, shards}):
                measure(f"anonymize shard {shard} of {shards}", one_shard, root, shards, shard)
            for shard in range(2, shards):
                one_shard(root, shards, shard)
            measure(f"compose {shards} shards", compose, root, shards)
        digests = {sha256_file(root / str(shards) / "manifest.json") for shards in (1, args.shards)}
        same = len(digests) == 1
        print(f"\nManifests of one shard and of {args.shards} shards are {'equal' if same else 'DIFFERENT'}.")
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
    coco = FORMATS.create("coco", {"format": "coco", "splits": {"train": place}})
    prepare(coco, "train", {}, root / "images", root / "annotations.json", "toy")


def find_regions(root: Path) -> None:
    """Bodies from boxes."""
    found = build_regions(root / "annotations.json", root / "images", "body", RegionsConfig())
    write_record(root / "regions.json", found)


def originals(root: Path) -> None:
    """The variant `original`."""
    check_originals(
        annotations=root / "annotations.json",
        images_dir=root / "images",
        manifest=root / "original" / "manifest.json",
        dataset="toy",
        split="train",
    )


def deal(root: Path, shards: int) -> None:
    """The lists of all shards."""
    deal_regions(
        originals=root / "original" / "manifest.json",
        regions=root / "regions.json",
        shards=shards,
        lists=root / f"{shards}.lists" / "lists",
        manifest=root / f"{shards}.lists" / "manifest.json",
    )


def one_shard(root: Path, shards: int, shard: int) -> None:
    """The edits of one shard."""
    folder = root / f"{shards}.shards" / str(shard)
    anonymize_shard(
        work=root / f"{shards}.lists" / "lists" / list_name(shard),
        images_dir=root / "images",
        recipe=RECIPE,
        edits=folder / ARCHIVE,
        manifest=folder / "manifest.json",
    )


def compose(root: Path, shards: int) -> None:
    """The variant of its shards."""
    compose_variant(
        originals=root / "original" / "manifest.json",
        deal=root / f"{shards}.lists" / "manifest.json",
        shards=[root / f"{shards}.shards" / str(shard) / "manifest.json" for shard in range(1, shards + 1)],
        recipe=RECIPE,
        variant="body-mask_out-medium",
        manifest=root / str(shards) / "manifest.json",
    )


if __name__ == "__main__":
    main()
