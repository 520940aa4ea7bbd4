"""What a face detector says of a variant's faces: whether each is one, and where its eyes, nose and mouth are.

Run from the project's root, on variants that the workflow has made::

    python -m benchmarks.generated_faces --dataset resources/datasets/lfw --split val \\
        --regions resources/regions/lfw/val/face.json --variants resources/variants/lfw/val/face-{gan,blur}-medium

Every face whose landmarks are known in the original, and whose box is at least as large as `--side`, is shown to YuNet
alone, with its surroundings, its box scaled to that many px. Intervals are Wilson's, of 95 %. Landmarks are compared
with those that the anonymizer was given: the mean distance of a face's five, as a share of that between its eyes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from statsmodels.stats.proportion import proportion_confint
from tqdm import tqdm

from anonbench.common.images import decode
from anonbench.detect.yunet import YuNet
from anonbench.regions.files import RegionFile, decode_region, read_regions
from anonbench.regions.landmarks import CERTAIN, SEEN
from anonbench.variants.variant_images import VariantFiles, VariantImages

SHOWN = 2.0  # sides of the box that are shown


def main() -> None:
    """Parse the arguments, look, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="a dataset in the common form")
    parser.add_argument("--split", default="train")
    parser.add_argument("--regions", type=Path, required=True, help="the face regions of that split")
    parser.add_argument("--variants", type=Path, nargs="+", required=True, help="folders of variants of that split")
    parser.add_argument("--side", type=int, default=64, help="px of a face's longer side")
    args = parser.parse_args()
    regions, originals = read_regions(args.regions), args.dataset / "images" / args.split
    print("| faces | number | found | landmarks off by (median, 90 %) |\n|---|---|---|---|")
    readers: dict[str, Callable[[str], np.ndarray]] = {"original": lambda name: decode(originals / name)}
    for folder in args.variants:
        files = VariantFiles(manifest=folder / "manifest.json", originals=originals)
        readers[folder.name] = VariantImages(files).read
    detector = YuNet(threshold=CERTAIN)
    for name, read in readers.items():
        errors = [error_of(detector, *face) for face in faces(regions, read, args.side)]
        found = [error for error in errors if error is not None]
        low, high = proportion_confint(len(found), len(errors), method="wilson")
        middle, most = np.percentile(found, [50, 90]) if found else (np.nan, np.nan)
        share = f"{len(found) / len(errors):.1%} [{low:.1%}, {high:.1%}]"
        print(f"| {name} | {len(errors)} | {share} | {middle:.0%}, {most:.0%} |", flush=True)


def faces(regions: RegionFile, read: Callable[[str], np.ndarray], side: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each face's surroundings, (h, w, 3) uint8, and its (5, 2) landmarks there in px."""
    for record in tqdm(regions.images, desc="images", unit="image", leave=False):
        shown = [decode_region(region) for region in record.regions]
        shown = [one for one in shown if one.keypoints is not None and (one.keypoints[:, 2] == SEEN).all()]
        shown = [one for one in shown if (one.box[2:] - one.box[:2]).max() >= side]
        image = read(record.file_name) if shown else None
        for one in shown:
            scale = side / (one.box[2:] - one.box[:2]).max()
            corner = (one.box[:2] + one.box[2:]) / 2 - SHOWN * side / scale / 2
            matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
            # Not by one interpolation: that of a strongly reduced image would skip pixels.
            smooth = cv2.GaussianBlur(image, (0, 0), 0.4 / scale) if scale < 0.8 else image
            size = round(SHOWN * side), round(SHOWN * side)
            yield (
                cv2.warpAffine(smooth, matrix, size, borderMode=cv2.BORDER_REPLICATE),
                (scale * (one.keypoints[:, :2] - corner)),
            )


def error_of(detector: YuNet, image: np.ndarray, landmarks: np.ndarray) -> float | None:
    """How far the most confident face around the nose has its landmarks from these; None where there is no face."""
    found = detector(image)
    nose = landmarks[2]
    around = np.flatnonzero((found.boxes[:, :2] <= nose).all(1) & (nose <= found.boxes[:, 2:]).all(1))
    if not len(around):
        return None
    off = np.linalg.norm(found.landmarks[around[0]] - landmarks, axis=1).mean()
    return float(off / max(np.linalg.norm(landmarks[0] - landmarks[1]), 1))


if __name__ == "__main__":
    main()
