"""How well a linear probe tells people of variants from the originals' people, by their texture, as Markdown tables.

Run from the project's root, on variants that the workflow has made::

    python -m benchmarks.telltale --dataset resources/datasets/pennfudan --split train \\
        --variants resources/variants/pennfudan/train/body-{gan,blur}-medium

A classifier two-sample test (Lopez-Paz & Oquab, ICLR 2017): patches within people, half of them original, means and
standard deviations of MobileNetV2's features at strides 4, 8 and 16, logistic regression, cross-validated over images.
50 % is chance. A detector that learns from a variant can use what the probe uses, and will not find it in real people.

The second table says how far what gives one variant away gives away another: the share of the column's patches that the
probe of the row takes for anonymized ones.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from pycocotools import mask as coco_mask
from torch import Tensor

from anonbench.common.files import read_json
from anonbench.common.images import decode
from anonbench.generators.features import mobilenet_features
from anonbench.variants.variant_images import VariantFiles, VariantImages

PATCH = 40  # px, of the image scaled by SCALE, at which detectors see these photographs
SCALE = 0.6
INSIDE = 0.75  # least share of a patch that is a person
EACH = 6  # patches of a person
FOLDS = 5
PENALTY = 0.02  # of the squared weights


def main() -> None:
    """Parse the arguments, probe, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", type=Path, required=True, help="a dataset in the common form, with masks")
    parser.add_argument("--split", default="train")
    parser.add_argument("--variants", type=Path, nargs="+", required=True, help="folders of variants of that split")
    args = parser.parse_args()
    torch.set_num_threads(1)
    split = read_json(args.dataset / "annotations" / f"{args.split}.json")
    places = patches(split, np.random.default_rng(0))
    images = np.array([name for name, _, _ in places])
    originals = args.dataset / "images" / args.split
    real = described(lambda name: decode(originals / name), places)
    made = {}
    for folder in args.variants:
        variant = VariantImages(VariantFiles(manifest=folder / "manifest.json", originals=originals))
        made[folder.name] = described(variant.read, places)
    print(f"{len(places)} patches of {len(set(images))} images\n\n| variant | told from the originals |\n|---|---|")
    for name, features in made.items():
        print(f"| {name} | {accuracy(real, features, images):.1%} |", flush=True)
    held_out = np.isin(images, np.unique(images)[::3])
    print(f"\n| probe of | {' | '.join(made)} |\n|---|{'---|' * len(made)}")
    for name, features in made.items():
        probe = fitted(real[~held_out], features[~held_out])
        shares = [float((probe(other[held_out]) > 0).double().mean()) for other in made.values()]
        print(f"| {name} | {' | '.join(f'{share:.0%}' for share in shares)} |", flush=True)


def patches(split: dict, rng: np.random.Generator) -> list[tuple[str, int, int]]:
    """File name, row and column of the patches' top left corners in the scaled images."""
    sizes = {image["id"]: (image["file_name"], image["height"], image["width"]) for image in split["images"]}
    found = []
    for annotation in split["annotations"]:
        name, height, width = sizes[annotation["image_id"]]
        if not annotation.get("segmentation") or annotation.get("iscrowd"):
            continue
        shape = annotation["segmentation"]
        if isinstance(shape, list) or isinstance(shape["counts"], list):
            shape = coco_mask.frPyObjects(shape, height, width)
        shape = coco_mask.merge(shape) if isinstance(shape, list) else shape
        mask = cv2.resize(coco_mask.decode(shape), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_NEAREST)
        if min(mask.shape) < PATCH:
            continue
        share = F.avg_pool2d(torch.from_numpy(mask)[None].float(), PATCH, 1)[0].numpy()
        rows, cols = np.nonzero(share > INSIDE)
        found += [(name, rows[i], cols[i]) for i in rng.permutation(len(rows))[:EACH]]
    return found


@torch.no_grad()
def described(read: Callable[[str], np.ndarray], places: list[tuple[str, int, int]]) -> Tensor:
    """(N, D) features of the patches in the images that ``read`` gives by their names."""
    network = mobilenet_features()
    images: dict[str, np.ndarray] = {}
    described = []
    for start in range(0, len(places), 64):
        batch = []
        for name, row, col in places[start : start + 64]:
            if name not in images:
                images = {name: cv2.resize(read(name), None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA)}
            batch.append(images[name][row : row + PATCH, col : col + PATCH])
        maps = network(torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2) / 127.5 - 1)[:3]
        described.append(torch.cat([torch.cat([x.mean((2, 3)), x.std((2, 3))], 1) for x in maps], 1))
    return torch.cat(described)


def fitted(real: Tensor, made: Tensor) -> Callable[[Tensor], Tensor]:
    """Logistic regression from features to a logit, positive for ``made``."""
    features = torch.cat([real, made])
    labels = torch.cat([torch.zeros(len(real)), torch.ones(len(made))])
    mean, spread = features.mean(0), features.std(0) + 1e-6
    weights = torch.zeros(features.shape[1] + 1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=60)

    def logits(x: Tensor) -> Tensor:
        return (x - mean) / spread @ weights[:-1] + weights[-1]

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.binary_cross_entropy_with_logits(logits(features), labels) + PENALTY * (weights[:-1] ** 2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    return lambda x: logits(x).detach()


def accuracy(real: Tensor, made: Tensor, images: np.ndarray) -> float:
    """Mean accuracy over folds of images."""
    names, found = np.unique(images), []
    for fold in range(FOLDS):
        tested = np.isin(images, names[fold::FOLDS])
        probe = fitted(real[~tested], made[~tested])
        right = torch.cat([probe(real[tested]) < 0, probe(made[tested]) > 0])
        found.append(float(right.double().mean()))
    return float(np.mean(found))


if __name__ == "__main__":
    main()
