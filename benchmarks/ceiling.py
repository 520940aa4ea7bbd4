"""What a perfect generator of a given size would keep, as a Markdown table.

Run from the project's root, on a dataset that the workflow has prepared::

    python -m benchmarks.ceiling --dataset resources/datasets/pennfudan --originals resources/variants/pennfudan \\
        --regions resources/regions/pennfudan/train/body.json \\
        --model config/models/mask-rcnn_mobilenetv2_photos.py --sizes 96x192 128x256

Each row is a training on the real people themselves, cut out along their outlines and put back before the mirrored
ground, as generated people are: at the image's own resolution, and scaled to a network's resolution and back, without
grain. What they lose against the untouched originals, resolution costs before a generator's own faults count. One seed.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import cv2
import numpy as np

from anonbench.anonymize.jobs import jobs_of
from anonbench.anonymize.method import Method
from anonbench.anonymize.run import run_jobs
from anonbench.anonymize.worklist import work_of
from anonbench.common.files import read_json
from anonbench.common.plugins import NoConfig
from anonbench.common.records import read_record, write_record
from anonbench.config.models import ModelConfig
from anonbench.config.runtime import RuntimeConfig
from anonbench.evaluate.score import score
from anonbench.generators.ground import mirrored
from anonbench.models.predict import predict
from anonbench.models.train import train
from anonbench.models.training import Training
from anonbench.regions.patch import Patch
from anonbench.regions.window import resize, window_of
from anonbench.variants.edit_archive import ARCHIVE, edit_writer
from anonbench.variants.manifest import EDIT_FILES, EditFiles, Manifest, counted, write_manifest
from anonbench.variants.variant_images import VariantFiles

TASKS = ["detection", "instance_segmentation"]
GROW, COARSENESS = 0.02, 0.01  # of gan's medium level


def main() -> None:
    """Parse the arguments, train, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="a dataset in the common form")
    parser.add_argument("--regions", type=Path, required=True, help="the body regions of its train split")
    parser.add_argument("--originals", type=Path, required=True, help="resources/variants/NAME, with the manifests")
    parser.add_argument("--model", type=Path, required=True, help="an MMDetection config of config/models/")
    parser.add_argument("--sizes", nargs="+", default=[], help="network resolutions, such as 128x256")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print("| people | box AP | box AP75 | mask AP | mask AP75 |\n|---|---|---|---|---|", flush=True)
    for name in ("untouched", "put back", *args.sizes):
        metrics = trained(args, name)
        numbers = [metrics[task][m] for task in TASKS for m in ("AP", "AP75")]
        print(f"| {name} | {' | '.join(f'{100 * number:.1f}' for number in numbers)} |", flush=True)


def trained(args: argparse.Namespace, name: str) -> dict[str, dict[str, float]]:
    """The metrics on the original validation images of a model that learned from people treated so."""
    annotations = args.dataset / "annotations"
    train_images, val_images = (
        VariantFiles(
            manifest=args.originals / split / "original/manifest.json", originals=args.dataset / "images" / split
        )
        for split in ("train", "val")
    )
    with tempfile.TemporaryDirectory() as scratch:
        if name != "untouched":
            size = None if name == "put back" else tuple(int(side) for side in name.split("x"))
            train_images = _variant(Path(scratch), train_images, args.regions, size)
        out = Path(scratch) / "model"
        out.mkdir()
        runtime = RuntimeConfig()
        train(
            Training(
                model=ModelConfig(config=str(args.model), tasks=TASKS),
                annotations=annotations / "train.json",
                images=train_images,
                out_dir=out,
                seed=args.seed,
                runtime=runtime,
            )
        )
        predictions = predict(out, annotations / "val.json", val_images, runtime)
        scored = score(read_json(annotations / "val.json"), predictions, TASKS)
        return {task: scored[task].metrics for task in TASKS}


def _variant(folder: Path, originals: VariantFiles, regions: Path, size: tuple[int, int] | None) -> VariantFiles:
    work = work_of(originals.manifest, regions)
    made = {}
    with edit_writer(folder / ARCHIVE) as writer:
        for one in run_jobs(jobs_of(work.images, originals.originals, seed=0), PutBack(size), 1):
            made[one.entry.file_name] = one.entry
            if one.edit is not None:
                writer.add(one.entry.file_name, one.edit)
    listed = read_record(Manifest, originals.manifest)
    entries = [made.get(entry.file_name, entry) for entry in listed.images]
    variant = listed.model_copy(
        update={"variant": "put back", "images": entries, "counts": counted(entries, "put back")}
    )
    write_record(folder / EDIT_FILES, EditFiles(archives=[ARCHIVE]))
    write_manifest(folder / "manifest.json", variant)
    return VariantFiles(manifest=folder / "manifest.json", originals=originals.originals)


class PutBack(Method):
    """No anonymization: the person, scaled to ``size`` (width, height) and back, before the mirrored ground."""

    sees_region = True

    def __init__(self, size: tuple[int, int] | None) -> None:
        super().__init__(NoConfig())
        self.size = size

    def grow(self, side: float) -> int:
        """As gan at its medium level."""
        return int(np.ceil(GROW * side))

    def margin(self, side: float) -> int:
        """Enough for the window around the region."""
        return int(np.ceil(side))

    def fill(self, patch: Patch) -> np.ndarray:
        """The crop with the person put back."""
        person = patch.image
        if self.size is not None:
            window = window_of(patch.box, self.size)
            small = resize(window.cut(patch.image), self.size)
            person = patch.image.copy()
            window.paste(resize(small, (window.width, window.height)), person)
        outline = cv2.GaussianBlur(patch.outline.astype(np.float32), (0, 0), max(0.7, COARSENESS * patch.side))
        opacity = 1 / (1 + np.exp(-5 * (2 * outline - 1)))[..., None]
        return opacity * person + (1 - opacity) * mirrored(patch.image, ~patch.mask)


if __name__ == "__main__":
    main()
