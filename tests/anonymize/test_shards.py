"""A variant in shards: the same bytes whatever their number, and never composed of what does not belong together."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonbench.anonymize import worklist
from anonbench.anonymize.methods.gan import Gan
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, write_json
from anonbench.common.images import decode
from anonbench.common.root import ROOT
from anonbench.variants.edit_archive import ARCHIVE, EditArchive
from anonbench.variants.recipe import Recipe
from tests.helpers.people import person, picture, untrained
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

COUNT = 23
RECIPES = {"pixelate": recipe("pixelate", cells=4), "gan": recipe("gan", grow=0.05, coarseness=0.02)}


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """23 images, every third of them without anybody, and a tiny generator."""
    root = tmp_path_factory.mktemp("split")
    people = []
    for index in range(COUNT):
        crowd = [person(30 + 25 * n, 10 + index % 7, 60) for n in range(index % 3)]
        name = f"{'ab'[index % 2]}/{index}.{'png' if index % 5 else 'jpg'}"
        people.append((name, picture(crowd, np.random.default_rng(index)), crowd))
    return {**write_split(root, people), "generator": untrained(root / "generator.safetensors", "style_unet")}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 4 images, so that few images are many blocks."""
    monkeypatch.setattr(worklist, "BLOCK", 4)
    monkeypatch.setattr(Gan, "together", 4)


def making(split: dict[str, Path], root: Path, shards: int = 1) -> Making:
    return Making(split["images_dir"], split["originals"], split["regions"], root, shards)


def how(split: dict[str, Path], method: str) -> dict[str, Any]:
    """What a method's shards need besides the recipe."""
    return {"generators": [split["generator"]], "device": "cpu"} if method == "gan" else {}


def made(split: dict[str, Path], root: Path, method: str, shards: int = 1, **more: Any) -> Making:
    """A variant whose shards are anonymized, not yet composed."""
    one = making(split, root, shards)
    one.all_shards(RECIPES[method], **how(split, method), **more)
    return one


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("method", RECIPES)
def test_bytes_do_not_depend_on_the_number_of_shards(split, tmp_path, method) -> None:
    pixels, manifests = [], []
    for shards in (1, 2, 5):
        one = made(split, tmp_path / str(shards), method, shards)
        one.compose(RECIPES[method])
        pixels.append(one.pixels())
        manifests.append(one.manifest.read_bytes())
    assert len(pixels[0]) == COUNT and pixels[0] == pixels[1] == pixels[2]
    assert manifests[0] == manifests[1] == manifests[2]
    originals = {name: decode(split["images_dir"] / name).tobytes() for name in pixels[0]}
    assert sum(pixels[0][name] != originals[name] for name in originals) == 15


def test_the_same_images_go_through_a_network_together(split, tmp_path, monkeypatch) -> None:
    """Not only bytes that happen to be equal here: convolutions of other batches may round otherwise elsewhere."""
    met: list[tuple[int, ...]] = []
    fill_all = Gan.fill_all
    monkeypatch.setattr(
        Gan,
        "fill_all",
        lambda self, patches: met.append(tuple(hash(p.image.tobytes()) for p in patches)) or fill_all(self, patches),
    )
    made(split, tmp_path / "one", "gan")
    one = sorted(met)
    met.clear()
    made(split, tmp_path / "many", "gan", 3)
    assert sorted(met) == one and [len(group) for group in one].count(4) == 3


def test_a_method_of_larger_groups_than_blocks_is_refused(split, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Gan, "together", 3)
    with pytest.raises(ValueError, match="divisor"):
        made(split, tmp_path, "gan")


@pytest.mark.parametrize("shards", [1, 3, 4, 9])
def test_every_image_with_regions_is_dealt_once_and_no_other(split, tmp_path, shards) -> None:
    one = making(split, tmp_path, shards)
    one.deal()
    lists = [read_json(one.list_of(number)) for number in range(1, shards + 1)]
    assert [(part["shard"], part["shards"]) for part in lists] == [(n, shards) for n in range(1, shards + 1)]
    dealt = sorted(image["file_name"] for part in lists for image in part["images"])
    with_regions = [image["file_name"] for image in read_json(split["regions"])["images"] if image["regions"]]
    assert dealt == sorted(with_regions) and len(dealt) == 15
    sizes = [len(part["images"]) for part in lists]
    assert max(sizes) - min(sizes) <= worklist.BLOCK
    deal = read_json(one.dealt)
    assert deal["lists"] == {path.name: sha256_file(path) for path in one.list_of(1).parent.iterdir()}
    assert deal["regions_sha256"] == sha256_file(split["regions"]) and deal["images"] == 15


def test_blocks_are_dealt_in_turn(split, tmp_path) -> None:
    names = [image["file_name"] for image in read_json(split["regions"])["images"] if image["regions"]]
    one = making(split, tmp_path, 2)
    one.deal()
    first, second = ([image["file_name"] for image in read_json(one.list_of(n))["images"]] for n in (1, 2))
    assert first == names[:4] + names[8:12] and second == names[4:8] + names[12:]


def test_a_shard_holds_only_what_it_changes_and_composing_reads_no_image(split, tmp_path, monkeypatch) -> None:
    one = made(split, tmp_path, "pixelate", 2)
    held = [name for path in one.shard_manifests() for name in EditArchive(path.with_name(ARCHIVE)).names]
    assert len(held) == len(set(held)) == 15
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    monkeypatch.setattr(EditArchive, "read", lambda archive, name: pytest.fail(f"{name} was read"))
    manifest = one.compose(RECIPES["pixelate"])
    assert {image["file_name"] for image in manifest["images"] if "edit" in image} == set(held)


def test_a_variant_may_move_with_its_shards(split, tmp_path) -> None:
    one = made(split, tmp_path / "here", "pixelate", 2)
    one.compose(RECIPES["pixelate"])
    before = one.pixels()
    one.root.rename(tmp_path / "there")
    assert replace(one, root=tmp_path / "there").pixels() == before


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("method", RECIPES)
def test_a_failed_shard_leaves_nothing_and_the_others_stay(split, tmp_path, method, workers) -> None:
    """The same shard then succeeds and the variant is that of one shard."""
    one = made(split, tmp_path / "two", method, 2)
    before = files_of(one.shard(1))
    shutil.rmtree(one.shard(2))
    broken = read_json(one.list_of(2))
    broken["images"][-1]["sha256"] = "0" * 64
    write_json(tmp_path / "broken.json", broken)
    with pytest.raises(UserError, match="SHA-256"):
        one.anonymize(RECIPES[method], 2, work=tmp_path / "broken.json", workers=workers, **how(split, method))
    assert not files_of(one.shard(2)) and files_of(one.shard(1)) == before
    with pytest.raises(UserError, match="does not exist"):
        one.compose(RECIPES[method])
    assert not one.manifest.exists()
    one.anonymize(RECIPES[method], 2, workers=workers, **how(split, method))
    one.compose(RECIPES[method])
    whole = made(split, tmp_path / "one", method)
    whole.compose(RECIPES[method])
    assert one.pixels() == whole.pixels()


KILLED = """
import sys, time
from pathlib import Path
from anonbench.config.plugins import METHODS
from tests.helpers.variants import Making, recipe
METHODS["pixelate"].fill = lambda self, patch: Path(sys.argv[5]).touch() or time.sleep(60)
Making(*map(Path, sys.argv[1:5]), shards=2).anonymize(recipe("pixelate", cells=4), 2)
"""


def test_a_killed_shard_leaves_nothing_that_counts(split, tmp_path) -> None:
    """After kill -9 there is neither its folder nor its manifest, and the next attempt cleans up."""
    one = made(split, tmp_path / "work", "pixelate", 2)
    before = files_of(one.shard(2))
    shutil.rmtree(one.shard(2))
    started = tmp_path / "started"
    arguments = map(str, (one.images_dir, one.originals, one.regions, one.root, started))
    process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], env={**os.environ, "PYTHONPATH": str(ROOT)})
    while not started.exists() and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert started.exists() and not (one.shard(2) / ARCHIVE).exists() and not one.shard_manifests()[1].exists()
    assert one.left_over()
    one.anonymize(RECIPES["pixelate"], 2)
    assert files_of(one.shard(2)) == before and not one.left_over()


STRANGERS: dict[str, tuple[Recipe, str]] = {
    "another level": (recipe("pixelate", cells=2), "config"),
    "another seed": (recipe("pixelate", seed=4, cells=4), "seed"),
    "another method": (RECIPES["gan"], "method, plugin"),
    "other files": (RECIPES["pixelate"].model_copy(update={"files": {"tool.py": "0" * 64}}), "files"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_shards_of_something_else_are_not_composed(split, tmp_path, case) -> None:
    stranger, named = STRANGERS[case]
    one, other = making(split, tmp_path / "one", 2), making(split, tmp_path / "other", 2)
    first, _ = one.all_shards(RECIPES["pixelate"])
    _, second = other.all_shards(stranger, **how(split, stranger.method))
    with pytest.raises(UserError, match=f"differs in .*{named}"):
        one.compose(RECIPES["pixelate"], shards=[first, second])
    assert not one.manifest.exists()


def test_missing_and_repeated_shards_are_not_composed(split, tmp_path) -> None:
    one = made(split, tmp_path / "three", "pixelate", 3)
    shards = one.shard_manifests()
    for wrong in (shards[:2], [shards[0], shards[0], shards[2]]):
        with pytest.raises(UserError, match="each of its 3 shards once"):
            one.compose(RECIPES["pixelate"], shards=wrong)
    other = made(split, tmp_path / "two", "pixelate", 2)
    with pytest.raises(UserError, match="differs in shards"):
        one.compose(RECIPES["pixelate"], shards=other.shard_manifests())
    value = read_json(split["regions"])
    value["images"][1]["regions"].pop()
    write_json(tmp_path / "regions.json", value)
    changed = replace(one, regions=tmp_path / "regions.json")
    changed.deal()
    with pytest.raises(UserError, match="regions_sha256"):
        changed.compose(RECIPES["pixelate"])
    one.deal()
    first, second = (path.with_name(ARCHIVE) for path in shards[:2])
    whole = first.read_bytes()
    for damaged, problem in ((second.read_bytes(), "does not hold the edits"), (whole[:-30], "cannot be read")):
        first.write_bytes(damaged)
        with pytest.raises(UserError, match=problem):
            one.compose(RECIPES["pixelate"])
    first.unlink()
    with pytest.raises(UserError, match="cannot be read"):
        one.compose(RECIPES["pixelate"])
    assert not one.manifest.exists()
