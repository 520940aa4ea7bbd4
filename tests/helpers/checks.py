"""Whether a finished study holds what its configuration plans: metrics in every cell, every region accounted for."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from anonbench.common.errors import UserError
from anonbench.common.images import decode
from anonbench.config.cells import ORIGINAL, Cell, images_of
from anonbench.config.config import Config
from anonbench.evaluate.cell import CellScores, read_cell
from anonbench.report.main_table import MAIN_METRICS
from anonbench.study.needs import cells_of
from anonbench.variants.variant_images import VariantFiles, VariantImages

FAINT = 6  # of 255 levels


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def cell_complaints(root: Path, config: Config) -> Iterator[str]:
    """What is wrong with the cells that a study plans: missing files, tasks and metrics, and metrics out of 0..1.

    A metric may be undefined, None, where the data have no instance that defines it, and so only where it is undefined
    for the model that was trained on the originals, too, because both are evaluated on the same images.
    """
    undefined: dict[str, set[tuple[str, str, str]]] = {}
    for cell in sorted(cells_of(config), key=lambda cell: cell.variant != ORIGINAL):
        if not (root / cell.path).is_file():
            yield f"{cell.path}: missing"
            continue
        try:
            record = read_cell(root / cell.path)
        except UserError as error:
            yield f"{cell.path}: {error}"
            continue
        wrong = [key for key in Cell.__dataclass_fields__ if getattr(record, key) != getattr(cell, key)]
        if wrong or list(record.tasks) != config.models[cell.model].tasks:
            yield f"{cell.path}: of another cell, or with other tasks"
        values = dict(_metrics(record))
        if bad := [key for key, value in values.items() if value is not None and not _is_fraction(value)]:
            yield f"{cell.path}: {', '.join(map(str, bad))} not in 0..1"
        undefined[cell.path] = {key for key, value in values.items() if value is None}
        for task in record.tasks:
            lead = next((metric for metric in MAIN_METRICS if (task, "all", metric) in values), None)
            if lead is None or values[task, "all", lead] is None:
                yield f"{cell.path}: {task} has no leading metric"
        baseline = Cell(cell.dataset, cell.model, ORIGINAL, cell.seed, "original").path
        if cell.evaluated_on == "original" and baseline in undefined:
            for key in sorted(undefined[cell.path] ^ undefined[baseline]):
                yield f"{cell.path}: {key} is undefined here or for the originals alone"


def _is_fraction(value: float) -> bool:
    return math.isfinite(value) and 0 <= value <= 1


def _metrics(record: CellScores) -> Iterator[tuple[tuple[str, str, str], float | None]]:
    for task, result in record.tasks.items():
        for metric, value in result.metrics.items():
            yield (task, "all", metric), value
        for category, scores in result.categories.items():
            for metric, value in scores.metrics.items():
                yield (task, category, metric), value


def variants(config: Config) -> list[tuple[str, str, str]]:
    """Dataset, split and name of every variant that a study anonymizes."""
    found = set()
    for cell in cells_of(config):
        if cell.variant != ORIGINAL:
            found.add((cell.dataset, "train", images_of(cell.variant)))
            if cell.evaluated_on == "anonymized":
                found.add((cell.dataset, "val", images_of(cell.variant)))
        elif cell.evaluated_on != ORIGINAL:
            found.add((cell.dataset, "val", cell.evaluated_on))
    return sorted(found)


@dataclass
class Compared:
    """A variant beside the originals.

    Every region is either changed by its method, masked out because that failed, or not visible in the image.
    ``faint`` are those of which the image shows some and no pixel moved by more than :data:`FAINT`; ``largest`` is the
    largest change of a pixel within regions.
    """

    images: int = 0
    regions: int = 0
    changed: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)
    faint: int = 0
    largest: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def unseen(self) -> int:
        return self.fallbacks["outside"]

    @property
    def masked_out(self) -> int:
        return self.fallbacks.total() - self.unseen


def compare(root: Path, dataset: str, split: str, variant: str) -> Compared:
    """Hold a variant's manifest against the region file, and its images against the originals."""
    files = VariantFiles(
        manifest=root / f"resources/variants/{dataset}/{split}/{variant}/manifest.json",
        originals=root / f"resources/datasets/{dataset}/images/{split}",
    )
    manifest = read(files.manifest)
    listed = read(root / f"resources/regions/{dataset}/{split}/{variant.split('-')[0]}.json")
    known = {image["file_name"]: image["regions"] for image in listed["images"]}
    found = Compared()
    if [entry["file_name"] for entry in manifest["images"]] != list(known):
        found.complaints.append("its images are not those of the region file")
        return found
    try:
        images = VariantImages(files)
        read_images = {name: (decode(files.originals / name), images.read(name)) for name in images.names}
    except UserError as error:
        found.complaints.append(str(error))
        return found
    for entry in manifest["images"]:
        name, regions = entry["file_name"], known[entry["file_name"]]
        before, after = read_images[name]
        fallbacks = Counter(entry.get("fallbacks") or {})
        found.images += 1
        found.regions += len(regions)
        found.changed += len(regions) - fallbacks.total()
        found.fallbacks += fallbacks
        if entry["regions"] != len(regions) or fallbacks.total() > len(regions):
            found.complaints.append(f"{name} has {len(regions)} regions, which its manifest does not count")
        _compare_pixels(found, name, before, after, [region["box"] for region in regions])
    counts = {
        "images": found.images,
        "unchanged": sum((before == after).all() for before, after in read_images.values()),
        "regions": listed["counts"]["regions"],
        "changed": found.changed,
        "masked out": found.masked_out,
        "outside": found.unseen,
        "left": 0,
    }
    audit = manifest["audit"]
    told = {
        "images": manifest["counts"]["images"],
        "unchanged": manifest["counts"]["unchanged"],
        "regions": audit["people"]["regions"],
        "changed": audit["changed"],
        "masked out": sum(audit["masked_out"].values()),
        "outside": audit["outside"],
        "left": audit["left"],
    }
    if told != counts:
        found.complaints.append(f"its manifest counts {told}, and not {counts}")
    if found.changed + found.masked_out + found.unseen != found.regions:
        found.complaints.append("changed, masked-out and unseen regions do not add up")
    return found


def _compare_pixels(
    found: Compared, name: str, before: np.ndarray, after: np.ndarray, boxes: list[list[float]]
) -> None:
    change = np.abs(after.astype(int) - before).max(-1)
    inside = np.zeros(change.shape, bool)
    for box in boxes:
        inside[around(box)] = True
        moved = change[around(box, more=False)]
        found.faint += bool(moved.size) and moved.max() <= FAINT
        found.largest = max(found.largest, int(moved.max(initial=0)))
    if change[~inside].any():
        found.complaints.append(f"{name} changed outside of its regions")


def around(box: list[float | None], more: bool = True) -> tuple[slice, slice]:
    """Rows and columns of a box, [x, y, w, h] px, or all; with ``more``, of more than any level grows it by."""
    if None in box:
        return slice(None), slice(None)
    x, y, width, height = box
    margin = 0.1 * max(width, height) + 12 if more else 0
    ends = (y - margin, y + height + margin + 1), (x - margin, x + width + margin + 1)
    rows, columns = (slice(*(max(0, int(end)) for end in pair)) for pair in ends)
    return rows, columns
