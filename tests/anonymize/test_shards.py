"""A variant made in shards: byte for byte that of one job, and never composed of what does not belong together."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anonbench.anonymize import variant, worklist
from anonbench.anonymize.methods.gan import Gan
from anonbench.anonymize.variant import compose, forget_shards, write_shard, write_variant
from anonbench.anonymize.worklist import deal, read_list, work_of, write_lists
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, write_json
from tests.helpers.people import person, picture, untrained
from tests.helpers.split import write_split

COUNT = 23
LEVELS = {"pixelate": {"cells": 4}, "gan": {"grow": 0.05, "coarseness": 0.02}}


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The arguments that all shards share: 23 images, every third of them without anybody, and a tiny generator."""
    root = tmp_path_factory.mktemp("split")
    people = []
    for index in range(COUNT):
        crowd = [person(30 + 25 * n, 10 + index % 7, 60) for n in range(index % 3)]
        name = f"{'ab'[index % 2]}/{index}.{'png' if index % 5 else 'jpg'}"
        people.append((name, picture(crowd, np.random.default_rng(index)), crowd))
    return {
        **write_split(root, people),
        "generators": [untrained(root / "generator.safetensors", "style_unet")],
    }


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 4 images, so that few images are many blocks."""
    monkeypatch.setattr(worklist, "BLOCK", 4)
    monkeypatch.setattr(variant, "BLOCK", 4)
    monkeypatch.setattr(Gan, "together", 4)


def made(split: dict[str, Any], method: str) -> dict[str, Any]:
    """What says how images are made."""
    learned = {"generators": split["generators"], "device": "cpu"} if method == "gan" else {}
    return {"method": method, "params": LEVELS[method], "seed": 3, "workers": 1, **learned}


def names(method: str) -> dict[str, str]:
    return {"dataset": "toy", "split": "train", "variant": f"body-{method}-medium"}


def whole(split: dict[str, Any], out: Path, method: str, **changes: Any) -> None:
    """Write the variant in one job."""
    places = {"originals": split["originals"], "regions": split["regions"]}
    target = {"out_dir": out / "images", "manifest": out / "manifest.json"}
    write_variant(**places, **target, **names(method), **made(split, method) | changes)


def write_shards(split: dict[str, Any], out: Path, method: str, count: int, **changes: Any) -> list[Path]:
    """Write every shard, in an order of their own; their manifests."""
    lists = out / "lists"
    write_lists(deal(work_of(split["originals"], split["regions"], "toy", "train"), count), lists, out / "lists.json")
    manifests = [out / "shards" / f"{number}-of-{count}" / "manifest.json" for number in range(1, count + 1)]
    for number in reversed(range(1, count + 1)):
        target = {"out_dir": manifests[number - 1].parent / "images", "manifest": manifests[number - 1]}
        common = made(split, method) | changes
        write_shard(work=lists / f"{number}.json", originals=split["originals"], **target, **common)
    return manifests


def put_together(split: dict[str, Any], out: Path, method: str, shards: list[Path], **changes: Any) -> None:
    """Compose the variant of its shards."""
    places = {"originals": split["originals"], "regions": split["regions"], "shards": shards}
    target = {"out_dir": out / "images", "manifest": out / "manifest.json"}
    how = {key: made(split, method)[key] for key in ("method", "params", "seed")}
    compose(**places, **target, **names(method), **how | changes)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("method", LEVELS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_bytes_do_not_depend_on_the_number_of_shards(split, tmp_path, method, count) -> None:
    whole(split, tmp_path / "one", method)
    put_together(split, tmp_path / "many", method, write_shards(split, tmp_path / "work", method, count))
    one, many = files_of(tmp_path / "one"), files_of(tmp_path / "many")
    assert one.keys() == many.keys() and len(one) == COUNT + 1
    assert one == many
    originals = files_of(split["originals"].parent)
    assert sum(one[name] != originals[name] for name in one if name != "manifest.json") == 15


def test_the_same_images_go_through_a_network_together(split, tmp_path, monkeypatch) -> None:
    """Not only bytes that happen to be equal here: convolutions of other batches may round otherwise elsewhere."""
    met: list[tuple[int, ...]] = []
    together = Gan.anonymize_all
    monkeypatch.setattr(
        Gan,
        "anonymize_all",
        lambda self, images: met.append(tuple(hash(image.tobytes()) for image, *_ in images)) or together(self, images),
    )
    whole(split, tmp_path / "one", "gan")
    one = sorted(met)
    met.clear()
    write_shards(split, tmp_path / "work", "gan", 3)
    assert sorted(met) == one and [len(group) for group in one].count(4) == 3


def test_a_method_of_larger_groups_than_blocks_is_refused(split, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(Gan, "together", 3)
    with pytest.raises(ValueError, match="divisor"):
        whole(split, tmp_path, "gan")


@pytest.mark.parametrize("count", [1, 3, 4, 9])
def test_every_image_with_regions_is_dealt_once_and_no_other(split, tmp_path, count) -> None:
    work = work_of(split["originals"], split["regions"], "toy", "train")
    write_lists(deal(work, count), tmp_path / "lists", tmp_path / "manifest.json")
    lists = [read_list(tmp_path / "lists" / f"{number}.json") for number in range(1, count + 1)]
    dealt = sorted(image["file_name"] for part in lists for image in part.images)
    assert dealt == sorted(image["file_name"] for image in work.images) and len(dealt) == 15
    assert all(image["regions"] for part in lists for image in part.images)
    sizes = [len(part.images) for part in lists]
    assert max(sizes) - min(sizes) <= worklist.BLOCK
    digests = read_json(tmp_path / "manifest.json")["lists"]
    assert digests == {path.name: sha256_file(path) for path in (tmp_path / "lists").iterdir()}


def test_a_shard_holds_only_what_it_changes_and_unchanged_images_are_not_read(split, tmp_path, monkeypatch) -> None:
    shards = write_shards(split, tmp_path / "work", "pixelate", 2)
    held = [name for path in shards for name in files_of(path.parent / "images")]
    assert len(held) == len(set(held)) == 15
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    put_together(split, tmp_path, "pixelate", shards)
    monkeypatch.undo()
    for image in read_json(tmp_path / "manifest.json")["images"]:
        source = split["originals"].parent / "images" / image["file_name"]
        same = source.stat().st_ino == (tmp_path / "images" / image["file_name"]).stat().st_ino
        assert same == (image["regions"] == 0)


def test_a_variant_outlives_its_shards_where_hard_links_do_not_exist(split, tmp_path, monkeypatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refused)
    shards = write_shards(split, tmp_path / "work", "pixelate", 2)
    put_together(split, tmp_path / "out", "pixelate", shards)
    shutil.rmtree(tmp_path / "work")
    whole(split, tmp_path / "one", "pixelate")
    assert files_of(tmp_path / "out") == files_of(tmp_path / "one")


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("method", LEVELS)
def test_a_failed_shard_leaves_nothing_and_the_others_stay(split, tmp_path, monkeypatch, method, workers) -> None:
    """The same shard then succeeds and the variant is that of one job."""
    shards = write_shards(split, tmp_path / "work", method, 2)
    before = files_of(shards[0].parent)
    shutil.rmtree(shards[1].parent)
    work = tmp_path / "work" / "lists" / "2.json"
    broken = read_json(work)
    broken["images"][-1]["sha256"] = "0" * 64
    write_json(tmp_path / "broken.json", broken)
    target = {"out_dir": shards[1].parent / "images", "manifest": shards[1]}
    args = {"originals": split["originals"], **target, **made(split, method), "workers": workers}
    with pytest.raises(UserError, match="SHA-256"):
        write_shard(work=tmp_path / "broken.json", **args)
    assert not files_of(shards[1].parent) and files_of(shards[0].parent) == before
    with pytest.raises(UserError, match="does not exist"):
        put_together(split, tmp_path / "out", method, shards)
    assert not files_of(tmp_path / "out")
    write_shard(work=work, **args)
    put_together(split, tmp_path / "out", method, shards)
    whole(split, tmp_path / "one", method)
    assert files_of(tmp_path / "out") == files_of(tmp_path / "one")


KILLED = """
import sys, time
from pathlib import Path
from anonbench.anonymize import registry, variant
args = eval(sys.argv[1]) | {key: Path(value) for key, value in eval(sys.argv[2]).items()}
method = type(registry.create("pixelate", {"cells": 4}))
method.fill = lambda self, patch: Path(sys.argv[3]).touch() or time.sleep(60)
variant.write_shard(**args)
"""


def test_a_killed_shard_leaves_nothing_that_counts(split, tmp_path) -> None:
    """After kill -9 there is neither its folder nor its manifest, and the next attempt cleans up."""
    work = tmp_path / "work"
    shards = write_shards(split, work, "pixelate", 2)
    before = files_of(shards[1].parent)
    shutil.rmtree(shards[1].parent)
    paths = {"out_dir": shards[1].parent / "images", "manifest": shards[1]}
    paths |= {"work": work / "lists" / "2.json", "originals": split["originals"]}
    how, started = made(split, "pixelate"), tmp_path / "started"
    arguments = [repr(how), repr({key: str(path) for key, path in paths.items()}), str(started)]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *arguments], env={**os.environ, "PYTHONPATH": str(root)})
    while not started.exists() and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert started.exists() and not paths["out_dir"].exists() and not shards[1].exists()
    write_shard(**paths, **how)
    assert files_of(shards[1].parent) == before
    assert sorted(path.name for path in shards[1].parent.iterdir()) == ["images", "manifest.json"]


STRANGERS = {
    "another level": ("pixelate", {"params": {"cells": 2}}, "params"),
    "another seed": ("pixelate", {"seed": 4}, "seed"),
    "another method": ("gan", {}, "method"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_shards_of_something_else_are_not_composed(split, tmp_path, case) -> None:
    method, changes, named = STRANGERS[case]
    shards = write_shards(split, tmp_path / "work", "pixelate", 2)
    other = write_shards(split, tmp_path / "other", method, 2, **changes)
    with pytest.raises(UserError, match=f"differs in .*{named}"):
        put_together(split, tmp_path / "out", "pixelate", [shards[0], other[1]])
    assert not (tmp_path / "out").exists()


def test_missing_and_repeated_shards_are_not_composed(split, tmp_path) -> None:
    shards = write_shards(split, tmp_path / "work", "pixelate", 3)
    for wrong in (shards[:2], [shards[0], shards[0], shards[2]]):
        with pytest.raises(UserError, match="shard"):
            put_together(split, tmp_path / "out", "pixelate", wrong)
    regions = tmp_path / "regions.json"
    value = read_json(split["regions"])
    value["images"][1]["regions"].pop()
    write_json(regions, value)
    with pytest.raises(UserError, match="regions_sha256"):
        put_together({**split, "regions": regions}, tmp_path / "out", "pixelate", shards)
    next((shards[0].parent / "images").rglob("*.png")).unlink()
    with pytest.raises(UserError, match="is missing"):
        put_together(split, tmp_path / "out", "pixelate", shards)
    assert not files_of(tmp_path / "out")


def test_shards_of_another_number_are_forgotten(split, tmp_path) -> None:
    kept = write_shards(split, tmp_path, "pixelate", 2)
    write_shards(split, tmp_path, "pixelate", 3)
    forget_shards(tmp_path / "shards", but=kept)
    assert sorted(path.name for path in (tmp_path / "shards").iterdir()) == ["1-of-2", "2-of-2"]
    forget_shards(tmp_path / "nowhere", but=[])
