"""A variant on disk: what its images are, what the manifest says, and what a failure leaves behind."""

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

from anonbench.anonymize.frame import anonymize
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file
from anonbench.common.images import decode, encode
from anonbench.common.root import ROOT
from anonbench.config.plugins import METHODS
from anonbench.regions.region import Region
from anonbench.variants.recipe import Recipe
from anonbench.variants.variant_images import VariantFiles, VariantImages
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
            found.append(Region(np.array([900.0, 900, 990, 990]), source="detected"))
        people.append((name, picture(index), found))
    write_annotated(tmp_path, people)
    manifest = tmp_path / "original" / "manifest.json"
    return Making(tmp_path / "images", manifest, tmp_path / "regions.json", tmp_path / "out")


def source(making: Making, name: str) -> Path:
    """An image of the split."""
    return making.images_dir / name


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
    return not making.left_over() and not making.files()


def test_layout_and_manifest(making: Making) -> None:
    manifest = write(making)
    assert set(making.files()) == {"manifest.json", "shards/1-of-1/edits.zip", "shards/1-of-1/manifest.json"}
    assert [image["file_name"] for image in manifest["images"]] == NAMES
    for image in manifest["images"]:
        assert sha256_file(source(making, image["file_name"])) == image["sha256"]
    assert [image["file_name"] for image in manifest["images"] if "edit" not in image] == ["empty.jpg", "empty.png"]
    assert manifest["counts"] == {"images": 6, "unchanged": 2}
    audit = manifest["audit"]
    assert (audit["people"]["regions"], audit["changed"], audit["outside"], audit["left"]) == (5, 4, 1, 0)
    assert audit["masked_out"] == {} and 0.95 < audit["shares"][0] <= audit["shares"][-1] <= 1
    assert manifest["images"][5]["regions"] == 2 and manifest["images"][5]["fallbacks"] == {"outside": 1}
    assert (manifest["dataset"], manifest["split"], manifest["variant"]) == ("toy", "train", "body-any-medium")
    assert manifest["recipe"] == {
        "method": "pixelate", "plugin": "pixelate", "config": {"cells": 4}, "files": {}, "seed": 3, "share": 1.0,
    }  # fmt: skip


INSIDE = np.zeros((HEIGHT, WIDTH), bool)
INSIDE[10:40, 20:40] = True


@pytest.mark.parametrize("name", NAMES)
def test_an_image_is_what_the_method_made_and_its_original_elsewhere(making: Making, name: str) -> None:
    """Of a JPEG as well: no codec comes between the method and a model."""
    write(making)
    before = decode(source(making, name))
    region = [] if name.startswith("empty") else [Region(np.array([20.0, 10, 40, 40]), INSIDE)]
    made = anonymize(METHODS.create("pixelate", {"cells": 4}), before, region).image
    read = making.images().read(name)
    assert (read == made).all() and (read[~INSIDE] == before[~INSIDE]).all()
    assert ((read != before).any(-1)[INSIDE].mean() > 0.95) == bool(region)


def test_the_originals_have_a_manifest_and_no_other_file(making: Making) -> None:
    write_originals(making.regions.parent)
    assert list(making.originals.parent.iterdir()) == [making.originals]
    manifest = read_json(making.originals)
    assert manifest["counts"] == {"images": 6, "unchanged": 6} and "audit" not in manifest
    assert manifest["variant"] == "original" and "recipe" not in manifest
    images = VariantImages(VariantFiles(manifest=making.originals, originals=making.images_dir))
    assert all((images.read(name) == decode(source(making, name))).all() for name in NAMES)


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
    with pytest.raises(UserError, match=re.escape(f"{name} holds metadata")):
        write(making)
    assert nothing_written(making) and not making.originals.exists()


def test_result_does_not_depend_on_the_number_of_workers(making: Making) -> None:
    write(making)
    one = making.files()
    write(making, workers=2)
    assert making.files() == one


def test_another_recipe_replaces_the_edits(making: Making) -> None:
    write(making)
    first = making.pixels()
    write(making, recipe("pixelate", cells=2))
    assert {name for name, pixels in making.pixels().items() if pixels != first[name]} == {
        name for name in NAMES if not name.startswith("empty")
    }
    assert not making.left_over()


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
    Path(sys.argv[5]).touch()
    time.sleep(60)
METHODS["pixelate"].fill = slow
Making(*map(Path, sys.argv[1:5])).make(recipe("pixelate", cells=4), workers=2)
"""


def test_killed_writer_leaves_nothing_that_counts(making: Making, tmp_path: Path) -> None:
    """After kill -9 neither images nor manifest exist, the pool's workers end, and the next run cleans up."""
    started = tmp_path / "started"
    write_originals(making.regions.parent)
    arguments = map(str, (making.images_dir, making.originals, making.regions, making.root, started))
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
    assert not (making.shard(1) / "edits.zip").exists() and not making.shard_manifests()[0].exists()
    assert not psutil.wait_procs(children, timeout=5)[1]
    assert making.left_over()
    write(making)
    assert not making.left_over()


def test_a_variant_has_the_images_of_its_own_split(making: Making) -> None:
    """Shards of a longer list than the originals' are refused."""
    write(making)
    edit(making.originals, lambda v: v["images"].pop(0))
    with pytest.raises(UserError, match=r"does not list the image 'a\.png'"):
        making.compose(PIXELATE)


def test_a_shard_of_other_originals_is_not_composed(making: Making) -> None:
    """An image that was converted anew since keeps its name, and its edit would be put into another picture."""
    write(making)
    edit(making.originals, lambda v: v["images"][0].update(sha256="0" * 64))
    before = making.manifest.read_bytes()
    with pytest.raises(UserError, match=r"does not list the image 'a\.png' of .*1-of-1"):
        making.compose(PIXELATE)
    assert making.manifest.read_bytes() == before
