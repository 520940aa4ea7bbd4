"""Training steps of every GPU-sized generator of the paper's study, at full width and size.

For each: parameters of the generator, and of all that is trained, the batch, seconds of a step in the first half of the
training, which is at half the size, and of one in the second half, and the peak memory. On a CPU these are the CPU
seconds of one step on two images, by one thread, and the process's memory; on a CUDA device wall-clock seconds of later
steps on the preset's own batch, in float32 and in mixed precision, and the device's memory. A generator fails if it
does not build, a loss is not finite, or a step moves none of its weights. People are noise: this proves that one
trains, not what it learns.

    python -m benchmarks.generators              # all, each in a process of its own
    python -m benchmarks.generators coco_body    # one
"""

from __future__ import annotations

import argparse
import math
import resource
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
KEYPOINTS = 17  # of COCO
CPU_BATCH = 2
WARM_UP, TIMED = 3, 10  # steps on a CUDA device


def preset(name: str):
    """The configuration of one of the paper's generators."""
    from anonbench.config.generators import DEFAULT_KIND
    from anonbench.config.plugins import KINDS

    found = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["generators"][name]
    return KINDS.config(found.get("kind", DEFAULT_KIND), found)


def drawn_batch(config, batch: int):
    """A generator's shape, and conditions and images of ``batch`` people who are noise."""
    import numpy as np
    import torch

    from anonbench.generators.condition import View, conditions
    from anonbench.generators.shape import Shape
    from anonbench.regions.landmarks import LANDMARKS

    width, height = config.width, config.height
    shape = Shape.of(config, [f"joint {n}" for n in range(KEYPOINTS)] if config.region == "body" else LANDMARKS)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    fill = np.zeros((height, width), bool)
    fill[height // 8 : -height // 8, width // 4 : -width // 4] = True
    keypoints = rng.uniform((width / 4, height / 8, 2), (width * 3 / 4, height * 7 / 8, 2), (shape.keypoints, 3))
    given = conditions([View(image, fill, ~fill, fill, keypoints, True)] * batch, np.zeros(batch), [rng] * batch)
    return shape, given, torch.from_numpy(image).permute(2, 0, 1)[None].repeat(batch, 1, 1, 1) / 127.5 - 1


def rows(name: str) -> None:
    """Take the steps of one generator; print its rows of the table."""
    import torch

    from anonbench.common.devices import be_deterministic, pick_device
    from anonbench.config.plugins import KINDS

    config = preset(name)
    device = torch.device(pick_device("auto"))
    torch.set_num_threads(1)
    be_deterministic(device)
    shape, given, real = drawn_batch(config, CPU_BATCH if device.type == "cpu" else config.batch)
    for mixed in (False, True) if device.type == "cuda" else (False,):
        row = steps(KINDS.create(config.kind, config), shape, given.to(device), real.to(device), mixed)
        print(f"| {name} | {row} |", flush=True)


def steps(kind, shape, given, real, mixed: bool) -> str:
    """A new generator's steps in both halves of its training: the rest of a row."""
    import torch

    torch.manual_seed(0)
    device, last = real.device, 10**6
    training = kind.training(shape, last).to(device, memory_format=torch.channels_last)
    cuda, seconds = device.type == "cuda", []
    clock = time.perf_counter if cuda else time.process_time
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    for first in (0, last - WARM_UP - TIMED):
        warm_up, timed = (WARM_UP, TIMED) if cuda else (0, 1)
        before = [parameter.detach().clone() for parameter in training.generator.parameters()]
        for number in range(first, first + warm_up + timed):
            if number == first + warm_up:
                started = clock()
            with torch.autocast(device.type, torch.bfloat16, enabled=mixed):
                losses = training.step(number, given, real, torch.Generator().manual_seed(number))
            values = torch.stack([loss.float() for loss in losses.values()]).tolist()  # waits, as in training
        seconds.append((clock() - started) / timed)
        unmoved = all(torch.equal(*pair) for pair in zip(before, training.generator.parameters(), strict=True))
        if unmoved or not all(map(math.isfinite, values)):
            raise SystemExit(f"{'no weight moved' if unmoved else 'not finite'}: {values}")
    learned = (
        p for optimizer in training.optimizers.values() for group in optimizer.param_groups for p in group["params"]
    )
    own, trained = (sum(p.numel() for p in group) / 1e6 for group in (training.generator.parameters(), learned))
    peak = torch.cuda.max_memory_allocated() if cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 2**10
    return (
        f"{own:.1f} | {trained:.1f} | {' × '.join(map(str, real.shape))} | {'amp' if mixed else 'float32'} |"
        f" {seconds[0]:.2f} | {seconds[1]:.2f} | {peak / 2**30:.1f}"
    )


def main() -> None:
    """Measure one generator, or all."""
    names = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["generators"]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", choices=list(names), help="one generator; all unless it is named")
    if chosen := parser.parse_args().name:
        rows(chosen)
        return
    print("| generator | M parameters | M trained | batch | precision | half-sized step, s | full step, s | peak GiB |")
    print("|:--|--:|--:|:--|:--|--:|--:|--:|", flush=True)
    command = [sys.executable, "-m", "benchmarks.generators"]
    failed = [name for name in names if subprocess.run([*command, name], cwd=ROOT).returncode]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
