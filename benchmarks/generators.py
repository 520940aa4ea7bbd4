"""One training step of every GPU-sized generator of the paper's study on a CPU, at full width and size.

For each: parameters of the generator, and of all that is trained, the batch, CPU seconds of a step in the first half of
the training, which is at half the size, and of one in the second half, and the process's peak memory. A generator fails
if it does not build, a loss is not finite, or a step moves none of its weights. People are noise: this proves that a
generator trains, not what it learns.

    python -m benchmarks.generators              # all, each in a process of its own
    python -m benchmarks.generators coco_body    # one
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
BATCH = 2


def step(name: str) -> str:
    """Take both steps; one row of the table."""
    import numpy as np
    import torch

    from anonbench.datasets.formats.coco_categories import COCO_SIGMAS
    from anonbench.gan.condition import View, conditions
    from anonbench.gan.recipes import recipe_class
    from anonbench.gan.weights import Shape

    preset = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["generators"][name]
    width, height, body = preset["width"], preset["height"], preset["region"] == "body"
    settings = {key: preset[key] for key in ("region", "width", "height", "channels")}
    shape = Shape(network="style_unet", **settings, keypoint_names=list(COCO_SIGMAS) if body else [])
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    fill = np.zeros((height, width), bool)
    fill[height // 8 : -height // 8, width // 4 : -width // 4] = True
    keypoints = np.full((shape.keypoints, 3), width / 2)
    given = conditions([View(image, fill, ~fill, fill, keypoints, True)] * BATCH, np.zeros(BATCH), [rng] * BATCH)
    real = torch.from_numpy(image).permute(2, 0, 1)[None].repeat(BATCH, 1, 1, 1) / 127.5 - 1
    torch.manual_seed(0)
    recipe = recipe_class(shape.network)(shape, 4)
    seconds = []
    for number in (0, 3):
        before = [parameter.detach().clone() for parameter in recipe.generator.parameters()]
        started = time.process_time()
        losses = recipe.step(number, given, real, torch.Generator().manual_seed(number))
        seconds.append(time.process_time() - started)
        unmoved = all(torch.equal(*pair) for pair in zip(before, recipe.generator.parameters(), strict=True))
        if unmoved or not all(torch.isfinite(loss) for loss in losses.values()):
            raise SystemExit(f"{name}: {'no weight moved' if unmoved else 'not finite'}, losses {losses}")
    own, trained = (
        sum(parameter.numel() for parameter in parameters) / 1e6
        for parameters in (
            recipe.generator.parameters(),
            (
                p
                for optimizer in recipe.optimizers.values()
                for group in optimizer.param_groups
                for p in group["params"]
            ),
        )
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return (
        f"| {name} | {own:.1f} | {trained:.1f} | {BATCH} × 3 × {height} × {width} |"
        f" {seconds[0]:.1f} | {seconds[1]:.1f} | {peak:.1f} |"
    )


def main() -> None:
    """Measure one generator, or all."""
    if len(sys.argv) == 2:
        print(step(sys.argv[1]))
        return
    names = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["generators"]
    print("| generator | M parameters | M trained | batch | half-sized step, CPU s | full step, CPU s | peak GB |")
    print("|:--|--:|--:|:--|--:|--:|--:|", flush=True)
    command = [sys.executable, "-m", "benchmarks.generators"]
    failed = [name for name in names if subprocess.run([*command, name], cwd=ROOT).returncode]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
