"""Speed of generated anonymization and of a generator's training, as Markdown tables.

Run from the project's root, after the generator was trained::

    python -m benchmarks.gan --generator resources/generators/pennfudan_body \\
        --dataset resources/datasets/pennfudan --regions resources/regions/pennfudan/train/body.json

Synthesis: people per second with regions batched across images against the same network run one region at a time,
images decoded and encoded in both; and the share of the run's wall-clock time in which the network's own forward pass
runs (goal: 80 %), while other threads prepare, paste, decode and encode, which takes a second core that is free.
Training: images per second of the whole loop against the bare step on one batch that is ready (goal: 90 %).
All other figures are CPU seconds of this process on a CPU, and wall-clock seconds elsewhere.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import torch

from anonbench.anonymize.jobs import Job
from anonbench.anonymize.methods.gan import Config, Gan
from anonbench.anonymize.run import run_jobs
from anonbench.common.devices import keep_freed_memory, pick_device
from anonbench.common.files import read_json
from anonbench.config.plugins import KINDS
from anonbench.generators.batches import batches, step_seed
from anonbench.generators.crops import read_crops
from anonbench.generators.files import read_generator
from anonbench.generators.splits import splits_of
from anonbench.regions.files import ImageRegions, read_regions
from anonbench.regions.patch import Patch

BLOCK = 5  # training steps in a row, of the loop and of the bare step in turns
GROW, COARSENESS = 0.04, 0.02


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--generator", type=Path, required=True, help="a trained generator's folder")
    parser.add_argument("--dataset", type=Path, required=True, help="a dataset in the common form")
    parser.add_argument("--regions", type=Path, required=True, help="a region file of that dataset")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--images", type=int, default=128, help="at most this many images")
    parser.add_argument("--blocks", type=int, default=6, help=f"blocks of {BLOCK} training steps to time")
    args = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    keep_freed_memory()
    device = torch.device(pick_device(args.device))
    clock = time.process_time if device.type == "cpu" else _synchronized
    synthesis(args, device, clock)
    training(args, device, clock)


def _synchronized() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def synthesis(args: argparse.Namespace, device: torch.device, clock: Callable[[], float]) -> None:
    """Print people per second, batched and one by one."""
    regions = read_regions(args.regions)
    annotations = read_json(args.dataset / "annotations" / f"{regions.split}.json")
    digests = {image["file_name"]: image["sha256"] for image in annotations["images"]}
    chosen = [image for image in regions.images if image.regions][: args.images]
    people = sum(len(image.regions) for image in chosen)
    wall = time.perf_counter if device.type == "cpu" else clock
    print("| way | people | people per second | in the network |\n|---|---|---|---|")
    config = Config(grow=GROW, coarseness=COARSENESS)
    for name, method in (("one by one", OneByOne(config)), ("batched", Gan(config))):
        method.prepare([args.generator / "generator.safetensors"], str(device))
        spent = 0.0
        generator = method.synthesizers[0].generator
        forward = generator.forward

        def timed(*inputs, forward=forward):
            nonlocal spent
            start = wall()
            output = forward(*inputs)
            spent += wall() - start
            return output

        generator.forward = timed
        jobs = [_job(args.dataset / "images" / regions.split, image, digests) for image in chosen]
        list(run_jobs(jobs[:2], method, 1))
        spent = 0.0
        start, began = clock(), wall()
        list(run_jobs(jobs, method, 1))
        seconds, passed = clock() - start, wall() - began
        print(f"| {name} | {people} | {people / seconds:.1f} | {spent / passed:.0%} |", flush=True)


class OneByOne(Gan):
    """One region in each forward pass."""

    def fill_all(self, patches: list[Patch]) -> list:
        """As the base class does it."""
        return [super(OneByOne, self).fill_all([patch])[0] for patch in patches]


def _job(images_dir: Path, image: ImageRegions, digests: dict[str, str]) -> Job:
    return Job(
        source=images_dir / image.file_name,
        file_name=image.file_name,
        sha256=digests[image.file_name],
        size=(image.width, image.height),
        records=image.regions,
        seed=0,
    )


def training(args: argparse.Namespace, device: torch.device, clock: Callable[[], float]) -> None:
    """Print images per second of the loop and of the bare step, in turns within one run."""
    _, shape = read_generator(args.generator / "generator.safetensors", device)
    regions = read_regions(args.regions)
    size = shape.model_dump(include={"kind", "region", "width", "height", "channels"})
    used = {"learns": {"dataset": regions.dataset}, "serves": [regions.dataset], "epochs": 1}
    config = KINDS.config(shape.kind, size | used)
    splits = splits_of([args.dataset / "annotations" / f"{regions.split}.json"], [args.regions])
    crops = read_crops(splits, shape.size, shape.keypoint_names, 500)
    print("| phase | loop, images per second | bare step, images per second | ratio |\n|---|---|---|---|")
    for phase, first in (("first half", 0), ("second half", 10**6)):
        learning = KINDS.create(shape.kind, config).training(shape, 10**6 + 10**4)
        learning = learning.to(device, memory_format=torch.channels_last)
        numbers = range(first, first + BLOCK * (args.blocks + 1))
        source = enumerate(batches(crops, learning.coarseness, config, numbers), first)

        def step(number, given, real, learning=learning):
            random = torch.Generator().manual_seed(step_seed(0, number))
            learning.step(number, given.to(device), real.to(device), random)

        for number, (given, real) in itertools.islice(source, BLOCK):  # not counted
            step(number, given, real)
        loop = bare = 0.0
        for _ in range(args.blocks):
            start = clock()
            for number, (given, real) in itertools.islice(source, BLOCK):
                step(number, given, real)
            middle = clock()
            for _ in range(BLOCK):
                step(number, given, real)
            loop, bare = loop + middle - start, bare + clock() - middle
        count = args.blocks * BLOCK * config.batch
        print(f"| {phase} | {count / loop:.1f} | {count / bare:.1f} | {bare / loop:.0%} |", flush=True)


if __name__ == "__main__":
    main()
