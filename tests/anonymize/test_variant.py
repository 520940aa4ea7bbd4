"""A variant folder: what is linked, what is encoded, what the manifest says, and what a failure leaves behind."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from anonbench.anonymize.recipe import Recipe
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file
from anonbench.common.images import decode, encode
from anonbench.common.root import ROOT
from anonbench.config.plugins import METHODS
from anonbench.regions.region import Region
from tests.helpers.split import write_annotated, write_originals
from tests.helpers.variants import Making, recipe

NAMES = ["a.png", "sub folder/b 1.jpg", "sub folder/deep/c.jpeg", "empty.jpg", "empty.png", "far.png"]
HEIGHT, WIDTH = 48, 64
PIXELATE = recipe("pixelate", cells=4)


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """A variant of a split in the common form with its regions; nothing is made yet."""
    people = []
    for index, name in enumerate(NAMES):
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[10:40, 20:40] = True
        found = [] if name.startswith("empty") else [Region(np.array([20.0, 10, 40, 40]), mask)]
        if name.startswith("far"):
            found.append(Region(np.array([900.0, 900, 990, 990])))
        people.append((name, picture(index), found))
    write_annotated(tmp_path, people)
    return Making(tmp_path / "original" / "manifest.json", tmp_path / "regions.json", tmp_path / "out")


def source(making: Making, name: str) -> Path:
    """An image of the split."""
    return making.regions.parent / "images" / name


def annotations(making: Making) -> Path:
    return making.regions.parent / "annotations.json"


def write(making: Making, recipe: Recipe = PIXELATE, **how: Any) -> dict[str, Any]:
    """Write the originals and then the variant; its manifest."""
    write_originals(making.regions.parent)
    return making.make(recipe, **how)


def edit(path: Path, change: Any) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def nothing_written(making: Making) -> bool:
    return not making.left_over() and not any((making.root / name).exists() for name in ("images", "manifest.json"))


def test_layout_and_manifest(making: Making) -> None:
    manifest = write(making)
    assert set(making.files()) == {"manifest.json", *(f"images/{name}" for name in NAMES)}
    assert [image["file_name"] for image in manifest["images"]] == NAMES
    for image in manifest["images"]:
        assert sha256_file(making.images / image["file_name"]) == image["sha256"]
    assert manifest["counts"] == {"images": 6, "linked": 2, "regions": 5, "fallbacks": {"outside": 1}}
    assert manifest["images"][5]["regions"] == 2 and manifest["images"][5]["fallbacks"] == {"outside": 1}
    assert (manifest["dataset"], manifest["split"], manifest["variant"]) == ("toy", "train", "body-any-medium")
    assert manifest["recipe"] == {
        "method": "pixelate", "plugin": "pixelate", "config": {"cells": 4}, "files": {}, "seed": 3,
    }  # fmt: skip


def test_png_is_identical_outside_and_jpeg_nearly(making: Making) -> None:
    write(making)
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[10:40, 20:40] = False
    png = decode(making.images / "a.png")
    assert (making.images / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (png[outside] == picture(0)[outside]).all() and (png != picture(0)).any(-1)[~outside].mean() > 0.95
    before, after = decode(source(making, NAMES[1])), decode(making.images / NAMES[1])
    assert np.abs(before[outside].astype(int) - after[outside]).max() <= 4


def test_images_without_regions_are_linked(making: Making) -> None:
    write(making)
    for name in NAMES:
        same = source(making, name).stat().st_ino == (making.images / name).stat().st_ino
        assert same == name.startswith("empty")


def test_original_links_everything(making: Making) -> None:
    write_originals(making.regions.parent)
    folder = making.originals.parent / "images"
    assert all(source(making, name).stat().st_ino == (folder / name).stat().st_ino for name in NAMES)
    manifest = read_json(making.originals)
    assert manifest["counts"] == {"images": 6, "linked": 6, "regions": 0, "fallbacks": {}}
    assert manifest["variant"] == "original" and "recipe" not in manifest


def test_links_hold_where_hard_links_do_not_exist(making: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refused)
    write(making)
    link = making.images / "empty.jpg"
    assert link.is_symlink() and not os.path.isabs(os.readlink(link))
    assert link.read_bytes() == source(making, "empty.jpg").read_bytes()
    monkeypatch.setattr(Path, "symlink_to", refused)
    write(making)
    assert not link.is_symlink() and link.read_bytes() == source(making, "empty.jpg").read_bytes()


@pytest.mark.parametrize("name", ["a.png", "sub folder/b 1.jpg", "empty.jpg", "empty.png"])
def test_metadata_never_gets_through(making: Making, name: str) -> None:
    path = source(making, name)
    exif = Image.Exif()
    exif[0x013B] = "SECRET"
    out = io.BytesIO()
    if path.suffix == ".png":
        Image.fromarray(picture(1)).save(out, "PNG", exif=exif, comment="SECRET")
    else:
        thumbnail = io.BytesIO()
        Image.fromarray(picture(1)).save(thumbnail, "JPEG")
        Image.fromarray(picture(1)).save(out, "JPEG", exif=exif.tobytes() + thumbnail.getvalue(), comment="SECRET")
    path.write_bytes(out.getvalue() + b"SECRET")
    assert path.read_bytes().count(b"SECRET") >= 2
    digest = sha256_file(path)
    edit(annotations(making), lambda v: v["images"][NAMES.index(name)].update(sha256=digest))
    write(making)
    written = (making.images / name).read_bytes()
    assert b"SECRET" not in written and b"Exif" not in written and b"eXIf" not in written
    assert written.count(b"\xff\xd8\xff") <= 1
    opened = Image.open(io.BytesIO(written))
    assert not opened.getexif() and not {"exif", "comment", "Comment"} & set(opened.info)
    if name.startswith("empty"):
        assert (decode(written) == decode(path)).all()


def test_result_does_not_depend_on_the_number_of_workers(making: Making) -> None:
    write(making)
    one = making.files()
    write(making, workers=2)
    assert making.files() == one


def test_old_variant_is_replaced_as_a_whole(making: Making) -> None:
    making.images.mkdir(parents=True)
    (making.images / "stale.png").write_bytes(b"old")
    write(making)
    assert not (making.images / "stale.png").exists() and not making.left_over()


@pytest.mark.parametrize("workers", [1, 2])
def test_failure_leaves_the_old_variant_and_nothing_else(making: Making, workers: int) -> None:
    write(making)
    before = making.files()
    source(making, "far.png").write_bytes(encode(picture(99), ".png"))
    with pytest.raises(UserError, match=r"far\.png.*SHA-256"):
        making.make(recipe("pixelate", cells=2), workers=workers)
    assert making.files() == before and not making.left_over()


def rename(path: str, value: Any) -> Any:
    return lambda v: v.__setitem__(path, value)


MISTAKES = {
    "another split": ("regions.json", rename("split", "val"), "toy val"),
    "another dataset": ("regions.json", rename("dataset", "zoo"), "zoo train"),
    "image without an entry": ("regions.json", lambda v: v["images"].pop(3), "empty.jpg"),
    "image too many": ("annotations.json", lambda v: v["images"].pop(3), "lists 6 images"),
    "another size": ("regions.json", lambda v: v["images"][0].update(width=99), "a.png"),
    "climbs out": ("annotations.json", lambda v: v["images"][0].update(file_name="../../a.png"), "../../a.png"),
    "absolute": ("annotations.json", lambda v: v["images"][0].update(file_name="/tmp/a.png"), "/tmp/a.png"),
    "twice": ("annotations.json", lambda v: v["images"][1].update(file_name="a.png"), "a.png"),
    "no images": ("annotations.json", lambda v: v["images"].clear(), "no images"),
    "damaged mask": (
        "regions.json",
        lambda v: v["images"][0]["regions"][0]["mask"].update(counts="0"),
        "mask",
    ),
    "not a region": ("regions.json", lambda v: v["images"][0]["regions"].append(7), "images[0].regions[1]"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_end_in_one_message(making: Making, case: str) -> None:
    name, change, named = MISTAKES[case]
    edit(making.regions.parent / name, change)
    with pytest.raises(UserError, match=re.escape(named)):
        write(making)
    assert nothing_written(making)


def test_missing_and_unreadable_image(making: Making) -> None:
    path = source(making, "a.png")
    path.write_bytes(b"not an image")
    digest = sha256_file(path)
    edit(annotations(making), lambda v: v["images"][0].update(sha256=digest))
    with pytest.raises(UserError, match=r"a\.png is not a readable image"):
        write(making)
    path.unlink()
    with pytest.raises(UserError, match=r"a\.png cannot be read"):
        write(making)
    assert nothing_written(making)


def test_image_of_another_size_than_annotated(making: Making) -> None:
    path = source(making, "a.png")
    path.write_bytes(encode(picture(0)[:40], ".png"))
    digest = sha256_file(path)
    edit(annotations(making), lambda v: v["images"][0].update(sha256=digest))
    with pytest.raises(UserError, match="64 x 40"):
        write(making)


def test_full_disk_is_found_before_anything_is_written(making: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    full = type(shutil.disk_usage("/"))(100, 100, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    with pytest.raises(UserError, match="MB"):
        write(making)
    assert nothing_written(making)


def test_random_generator_depends_on_seed_and_file_name_only(making: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[float] = []
    pixelate = METHODS["pixelate"]
    fill = pixelate.fill
    monkeypatch.setattr(pixelate, "fill", lambda self, p: drawn.append(p.rng.random()) or fill(self, p))
    write(making)
    first = drawn[:]
    drawn.clear()
    edit(annotations(making), lambda v: v["images"].reverse())
    write(making)
    assert drawn == first[::-1] and len(set(drawn)) == len(drawn)
    drawn.clear()
    write(making, recipe("pixelate", seed=4, cells=4))
    assert not set(drawn) & set(first)


KILLED = """
import sys, time
from pathlib import Path
from anonbench.config.plugins import METHODS
from tests.helpers.variants import Making, recipe
def slow(self, patch):
    Path(sys.argv[4]).touch()
    time.sleep(60)
METHODS["pixelate"].fill = slow
Making(*map(Path, sys.argv[1:4])).make(recipe("pixelate", cells=4), workers=2)
"""


def test_killed_writer_leaves_nothing_that_counts(making: Making, tmp_path: Path) -> None:
    """After kill -9 neither images nor manifest exist, the pool's workers end, and the next run cleans up."""
    started = tmp_path / "started"
    write_originals(making.regions.parent)
    arguments = map(str, (making.originals, making.regions, making.root, started))
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    while not started.exists() and process.poll() is None:
        time.sleep(0.02)
    children = psutil.Process(process.pid).children()
    assert children
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (making.shard(1) / "images").exists() and not making.shard_manifests()[0].exists()
    assert not psutil.wait_procs(children, timeout=5)[1]
    assert making.left_over()
    write(making)
    assert not making.left_over()


def test_a_variant_has_the_images_of_its_own_split(making: Making) -> None:
    """Shards of a longer list than the originals' are refused."""
    write(making)
    edit(making.originals, lambda v: v["images"].pop(0))
    with pytest.raises(UserError, match=r"lacks the image 'a\.png'"):
        making.compose(PIXELATE)
