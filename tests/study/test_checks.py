"""The checks of a finished study find what is wrong with one, and the guard keeps its processes from the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from anonbench.common.files import sha256_file
from anonbench.common.images import encode
from anonbench.config.study import Block
from anonbench.variants.edit_archive import ARCHIVE, edit_writer
from anonbench.variants.edits import cut
from anonbench.variants.manifest import EDIT_FILES
from tests.helpers.checks import cell_complaints, compare, variants
from tests.helpers.project import ROOT

BLOCK = {"datasets": ["d"], "models": ["m"], "regions": ["face"], "methods": ["blur"], "levels": ["low"]}
CONFIG = SimpleNamespace(study=[Block(**BLOCK)], models={"m": SimpleNamespace(tasks=["detection"])})
CELL, BASELINE = (f"results/cells/d/m/{variant}/seed0/original.json" for variant in ("face-blur-low", "original"))


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def cell(variant: str) -> dict[str, Any]:
    metrics = {"AP": 0.5, "AP_small": None}
    result = {"instances": 3, "metrics": metrics, "categories": {"person": {"instances": 3, "metrics": {**metrics}}}}
    wildcards = {"dataset": "d", "model": "m", "variant": variant, "seed": 0, "evaluated_on": "original"}
    return {**wildcards, "images": 2, "tasks": {"detection": result}}


@pytest.mark.parametrize(
    ("where", "value", "complaint"),
    [
        (None, None, None),
        (["seed"], 1, "of another cell"),
        (["tasks", "pose"], {"instances": 1, "metrics": {"AP": 0.1}, "categories": {}}, "other tasks"),
        (["tasks", "detection", "metrics", "AP"], float("nan"), "should be a finite number"),
        (["tasks", "detection", "metrics", "AP"], 1.01, "not in 0..1"),
        (["tasks", "detection", "metrics", "AP"], None, "no leading metric"),
        (["tasks", "detection", "metrics", "AP_small"], 0.2, "for the originals alone"),
        (["tasks", "detection", "categories", "person", "metrics", "AP"], None, "is undefined here"),
    ],
)
def test_what_is_wrong_with_a_cell_is_told(tmp_path: Path, where: list | None, value: Any, complaint: str) -> None:
    record = part = cell("face-blur-low")
    if where:
        for key in where[:-1]:
            part = part[key]
        part[where[-1]] = value
    write(tmp_path / CELL, record)
    write(tmp_path / BASELINE, cell("original"))
    told = list(cell_complaints(tmp_path, CONFIG))
    assert bool(told) == bool(where) and all(text.startswith(CELL) for text in told)
    assert complaint is None or complaint in " ".join(told)


def test_a_missing_cell_is_told(tmp_path: Path) -> None:
    write(tmp_path / BASELINE, cell("original"))
    assert list(cell_complaints(tmp_path, CONFIG)) == [f"{CELL}: missing"]


def write_variant(root: Path, change: Callable[[dict[str, np.ndarray], dict[str, Any]], None]) -> None:
    """Three PNG images with two regions, one and none, of which the second image's is masked out, then changed."""
    before = {name: np.full((60, 80, 3), 90, np.uint8) for name in ("a.png", "b.png", "c.png")}
    boxes = {"a.png": [[20, 20, 10, 10], [-40, 20, 10, 10]], "b.png": [[30, 30, 8, 8]], "c.png": []}
    fallbacks = {"a.png": {"outside": 1}, "b.png": {"error": 1}, "c.png": {}}
    after = {name: image.copy() for name, image in before.items()}
    after["a.png"][20:30, 20:30] = 200
    after["b.png"][30:38, 30:38] = 0
    entries = [{"file_name": n, "regions": len(boxes[n]), "fallbacks": fallbacks[n]} for n in before]
    counts = {"images": 3, "unchanged": 1}
    audit = {"people": {"regions": 3}, "changed": 1, "masked_out": {"error": 1}, "outside": 1, "left": 0, "shares": []}
    head = {"dataset": "d", "split": "train", "variant": "face-blur-low"}
    manifest = {**head, "images": entries, "counts": counts, "audit": audit}
    change(after, manifest)
    originals, folder = root / "resources/datasets/d/images/train", root / "resources/variants/d/train/face-blur-low"
    originals.mkdir(parents=True)
    folder.mkdir(parents=True)
    with edit_writer(folder / ARCHIVE) as writer:
        for entry in entries:
            name = entry["file_name"]
            (originals / name).write_bytes(encode(before[name], ".png"))
            entry.setdefault("sha256", sha256_file(originals / name))
            if found := cut(before[name], after[name]):
                entry["edit"] = found[0].model_dump()
                writer.add(name, found[1])
    write(folder / EDIT_FILES, {"archives": [ARCHIVE]})
    write(folder / "manifest.json", manifest)
    listed = [{"file_name": name, "regions": [{"box": box} for box in boxes[name]]} for name in before]
    write(root / "resources/regions/d/train/face.json", {"images": listed, "counts": {"regions": 3}})


def test_regions_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    write_variant(tmp_path, lambda images, manifest: None)
    found = compare(tmp_path, *variants(CONFIG)[0])
    assert not found.complaints
    assert (found.images, found.regions, found.changed, found.masked_out, found.unseen) == (3, 3, 1, 1, 1)
    assert found.largest == 110 and found.faint == 0


def unregioned(images: dict, manifest: dict) -> None:
    images["c.png"][5, 5] = 91


def outside(images: dict, manifest: dict) -> None:
    images["a.png"][55, 70] = 91


def uncounted(images: dict, manifest: dict) -> None:
    manifest["audit"]["masked_out"] = {}


def untold(images: dict, manifest: dict) -> None:
    manifest["images"][1]["fallbacks"] = {"error": 2}


def short(images: dict, manifest: dict) -> None:
    manifest["images"].pop()


def another(images: dict, manifest: dict) -> None:
    manifest["images"][0]["sha256"] = "0" * 64


@pytest.mark.parametrize("change", [unregioned, outside, uncounted, untold, short, another])
def test_what_is_wrong_with_a_variant_is_told(tmp_path: Path, change: Callable) -> None:
    write_variant(tmp_path, change)
    assert compare(tmp_path, "d", "train", "face-blur-low").complaints


def test_a_region_that_hardly_changes_is_faint(tmp_path: Path) -> None:
    write_variant(tmp_path, lambda images, manifest: images["a.png"].clip(0, 94, out=images["a.png"]))
    assert compare(tmp_path, "d", "train", "face-blur-low").faint == 1


@pytest.mark.parametrize(("host", "verdict"), [("127.0.0.1", "allowed"), ("192.0.2.1", "refused")])
def test_the_guard_lets_nothing_but_the_loopback_through(tmp_path: Path, host: str, verdict: str) -> None:
    program = f"import socket; socket.create_connection(({host!r}, 9), timeout=1)"
    guarded = {"PYTHONPATH": str(ROOT / "tests/study/guard"), "GUARD_LOG": str(tmp_path / "hosts")}
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | guarded, capture_output=True, text=True)
    assert ("no network but the loopback" in done.stderr) == (verdict == "refused")
    assert set((tmp_path / "hosts").read_text().splitlines()) == {f"{verdict} {host}"}
