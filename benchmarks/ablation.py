"""What each part of the style generator is worth: trained without one part at a time, as a Markdown table.

Run from the project's root, on a split's regions that the workflow has found::

    python -m benchmarks.ablation --dataset resources/datasets/pennfudan \\
        --regions resources/regions/pennfudan/train/body.json --width 48 --height 96 --epochs 20

Everything else (people, seed, number of steps) is the same in every row. The measures are those of
``config/README.md``, on the people that were learned from; the times are CPU seconds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from anonbench.common.files import read_json
from anonbench.generators.kinds.style_unet import StyleUnet, StyleUnetConfig
from anonbench.generators.kinds.style_unet.hyperparameters import Hyperparameters
from anonbench.generators.splits import splits_of
from anonbench.generators.train import train_generator
from anonbench.regions.files import read_regions

AS_IT_IS = Hyperparameters()


def weighted(**weights: float) -> Hyperparameters:
    """With other weights of some losses."""
    return replace(AS_IT_IS, weights=replace(AS_IT_IS.weights, **weights))


VARIATIONS = {
    "as it is": AS_IT_IS,
    "no critic on frozen features": weighted(g_projected=0),
    "no critic on pixels": weighted(g_pixels=0),
    "no perceptual loss": weighted(perceptual=0),
    "no L1 loss": weighted(l1=0),
    "appearance kept normal": weighted(divergence=0.05),
    "colours of the cells not kept": weighted(colours=0),
    "colours tinted more": replace(AS_IT_IS, mixing=replace(AS_IT_IS.mixing, tint=0.3)),
    "no texture loss": weighted(texture=0),
    "first half at half the size": replace(AS_IT_IS, smallest_half=0),
    "free to be transparent": replace(AS_IT_IS, opacity=replace(AS_IT_IS.opacity, added=6.0)),
    "pictures not moved before critics": replace(AS_IT_IS, moved=1),
    "no average of the weights": replace(AS_IT_IS, averaged=1e-3),
}
MEASURES = ["frechet_mobilenet_v2", "diversity", "context_error", "nearest_training_crop", "nearest_is_own"]


def main() -> None:
    """Parse the arguments, train, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="a dataset in the common form")
    parser.add_argument("--regions", type=Path, required=True, help="a region file of that dataset")
    parser.add_argument("--width", type=int, default=48, help="px")
    parser.add_argument("--height", type=int, default=96, help="px")
    parser.add_argument("--channels", type=int, default=12)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--only", nargs="+", choices=list(VARIATIONS), default=list(VARIATIONS), help="rows to print")
    parser.add_argument("--sheets", type=Path, help="folder for a sample sheet of every row")
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    print(f"| generator | {' | '.join(MEASURES)} | CPU s |\n|---|{'---|' * (len(MEASURES) + 1)}", flush=True)
    for name in args.only:
        start = time.process_time()
        quality = trained(args, name)
        numbers = " | ".join(f"{quality[measure]:.3f}" for measure in MEASURES)
        print(f"| {name} | {numbers} | {time.process_time() - start:.0f} |", flush=True)


def trained(args: argparse.Namespace, name: str) -> dict[str, float]:
    """The measures of a generator's last snapshot."""
    regions = read_regions(args.regions)
    config = StyleUnetConfig(
        region=regions.region,
        learns={"dataset": regions.dataset},
        serves=[regions.dataset],
        width=args.width,
        height=args.height,
        channels=args.channels,
        epochs=args.epochs,
        snapshot_every=args.epochs,
    )
    with tempfile.TemporaryDirectory() as scratch:
        train_generator(
            StyleUnet(config, VARIATIONS[name]),
            splits_of([args.dataset / "annotations" / f"{regions.split}.json"], [args.regions]),
            out_dir=Path(scratch),
            device=args.device,
            precision="float32",
            threads=1,
        )
        if args.sheets:
            args.sheets.mkdir(parents=True, exist_ok=True)
            (args.sheets / f"{name}.png").write_bytes((Path(scratch) / "samples.png").read_bytes())
        return read_json(Path(scratch) / "log.json")["snapshots"][-1]["quality"]


if __name__ == "__main__":
    main()
