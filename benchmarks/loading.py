"""What it takes to keep and to load a variant as originals and edits, against whole images, as a Markdown table.

Run from the project's root, on variants that the workflow has made::

    python -m benchmarks.loading resources/variants/*/train/*-medium [--images 60]

For each variant, of some of the images that it edits: the share of pixels that is edited; bytes a pixel as whole files
in the originals' format (PNG, or JPEG at quality 100, as the field stores anonymized datasets) and as edits; bytes of
an edit's pixel; CPU milliseconds an image to decode the original, the whole file, and the original with its edit,
digests verified, all in one process; and how many images load that way in the time of one whole file. The last column
is the largest and the mean difference, of 255 levels, that JPEG at quality 100 makes to the pixels of the edit, and to
all others.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from anonbench.common.images import decode, encode
from anonbench.variants.edits import cut
from anonbench.variants.variant_images import VariantFiles, VariantImages

REPEATS = 3
SIZES = ("whole B/px", "edits B/px", "edits B/edited px")
TIMES = ("original ms", "whole ms", "edit ms", "ratio")
COLUMNS = ("variant", "images", "edited", *SIZES, *TIMES, "recoding")


def main() -> None:
    """Parse the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variants", type=Path, nargs="+", help="folders resources/variants/DATASET/SPLIT/VARIANT")
    parser.add_argument("--images", type=int, default=60, help="at most this many of each variant")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    print(f"| {' | '.join(COLUMNS)} |\n|---|{'--:|' * (len(COLUMNS) - 1)}", flush=True)
    for folder in args.variants:
        print(row(folder, args.images), flush=True)


def row(folder: Path, most: int) -> str:
    """One variant's row."""
    resources, (dataset, split, variant) = folder.parents[3], folder.parts[-3:]
    originals = resources / "datasets" / dataset / "images" / split
    images = VariantImages(VariantFiles(manifest=folder / "manifest.json", originals=originals))
    chosen = [name for name in images.names if images.is_edited(name)]
    chosen = chosen[:: max(1, len(chosen) // most)][:most]
    sums: Counter[str] = Counter()
    largest = [0, 0]
    for name in chosen:
        before, after = decode(originals / name), images.read(name)
        whole = encode(after, Path(name).suffix)
        changed = (before != after).any(-1)
        recoded = np.abs(decode(encode(after, ".jpg")).astype(int) - after)
        for place, mask in enumerate((changed, ~changed)):
            largest[place] = max(largest[place], int(recoded[mask].max(initial=0)))
            sums[f"moved {place}"] += recoded[mask].sum() / 3
        sums["edited"] += changed.sum()
        sums["pixels"] += changed.size
        sums["whole"] += len(whole)
        sums["edits"] += len(cut(before, after)[1])
        sums["original ms"] += fastest(lambda path=originals / name: decode(path.read_bytes()))
        sums["whole ms"] += fastest(lambda data=whole: decode(data))
        sums["edit ms"] += fastest(lambda name=name: images.read(name))
    means = sums["moved 0"] / sums["edited"], sums["moved 1"] / (sums["pixels"] - sums["edited"])
    cells = [
        f"{dataset} {variant}",
        len(chosen),
        f"{sums['edited'] / sums['pixels']:.1%}",
        f"{sums['whole'] / sums['pixels']:.2f}",
        f"{sums['edits'] / sums['pixels']:.3f}",
        f"{sums['edits'] / sums['edited']:.2f}",
        *(f"{1000 * sums[key] / len(chosen):.1f}" for key in ("original ms", "whole ms", "edit ms")),
        f"{sums['whole ms'] / sums['edit ms']:.2f}",
        "; ".join(f"{most}, {mean:.2f}" for most, mean in zip(largest, means, strict=True)),
    ]
    return f"| {' | '.join(map(str, cells))} |"


def fastest(function: Callable[[], Any]) -> float:
    """Seconds of CPU time of the fastest call."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


if __name__ == "__main__":
    main()
