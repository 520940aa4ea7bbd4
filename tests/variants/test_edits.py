"""Edits and their archives: lossless, read back exactly or not at all, and never the original in an edit's place."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import zipfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonbench.anonymize.export import export_variant
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, sha256_of, write_json
from anonbench.common.images import decode
from anonbench.common.records import write_record
from anonbench.regions.region import Region
from anonbench.variants import edits
from anonbench.variants.edit_archive import ARCHIVE, EditArchive, edit_writer
from anonbench.variants.edits import cut, put_back
from anonbench.variants.manifest import EDIT_FILES, EditFiles
from anonbench.variants.variant_images import VariantFiles, VariantImages
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

HEIGHT, WIDTH = 37, 53


def noise(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def restored(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    edit, data = cut(before, after)
    image = before.copy()
    put_back(edit, data, image)
    return image


# One edit


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 6), st.sampled_from([1, 2, 255]))
def test_an_edit_gives_the_image_back_whatever_changed(seed: int, boxes: int, least: int) -> None:
    """Scattered boxes, single pixels, single channels, changes of one level."""
    rng = np.random.default_rng(seed)
    before = noise(seed)
    after = before.copy()
    for _ in range(boxes):
        y, x = rng.integers(0, HEIGHT), rng.integers(0, WIDTH)
        box = after[y : y + rng.integers(1, 20), x : x + rng.integers(1, 20), rng.integers(0, 3) :]
        box += rng.integers(0, least + 1, box.shape, dtype=np.uint8)
    if (before == after).all():
        assert cut(before, after) is None
    else:
        assert (restored(before, after) == after).all()


def test_an_edit_lies_where_something_changed_and_holds_nothing_else() -> None:
    before = noise(0)
    after = before.copy()
    after[5, 7], after[30, 41] = 255 - before[5, 7], 255 - before[30, 41]
    edit, data = cut(before, after)
    assert (edit.left, edit.top, edit.sha256) == (7, 5, sha256_of(data))
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture.shape == (26, 35, 4) and (picture[..., 3] > 0).sum() == 2
    assert data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8L"  # lossless
    on_black = np.zeros_like(before)
    put_back(edit, data, on_black)
    assert (on_black.any(2)).sum() == 2  # no original pixel travels with it


def test_an_image_that_changed_everywhere() -> None:
    assert (restored(noise(0), 255 - noise(0)) == 255 - noise(0)).all()


def test_a_side_that_is_too_long_for_webp() -> None:
    before = np.zeros((2, edits.WEBP_SIDE + 1, 3), np.uint8)
    after = before.copy()
    after[0, 0], after[1, -1] = 7, 9
    assert cut(before, after)[1].startswith(b"\x89PNG")
    assert (restored(before, after) == after).all()
    shorter = after[:, 1:]
    assert cut(np.zeros_like(shorter), np.full_like(shorter, 1))[1].startswith(b"RIFF")


@pytest.mark.parametrize(("left", "top"), [(-1, 0), (0, -1), (WIDTH - 3, 0), (0, HEIGHT - 3)])
def test_an_edit_that_leaves_its_image_is_refused(left: int, top: int) -> None:
    edit, data = cut(np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 5, np.uint8))
    moved, image = edit.model_copy(update={"left": left, "top": top}), noise(1)
    with pytest.raises(ValueError, match="within its image"):
        put_back(moved, data, image)
    assert (image == noise(1)).all()


# An archive


def test_an_archive_is_an_ordinary_zip_file_of_the_same_bytes_always(tmp_path: Path) -> None:
    held = {"a.png": b"first", "sub folder/ü b.jpg": b"\x89PNGsecond", "c": b""}
    for name in ("one", "two"):
        with edit_writer(tmp_path / name) as writer:
            for file_name, data in held.items():
                writer.add(file_name, data)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    archive = EditArchive(tmp_path / "one")
    assert archive.names == set(held) and {name: archive.read(name) for name in held} == held
    with zipfile.ZipFile(tmp_path / "one") as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["a.png.webp", "sub folder/ü b.jpg.png", "c.webp"]
    with pytest.raises(UserError, match="lack that of 'b.png'"):
        archive.read("b.png")


# A variant


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """A finished variant of five images in two shards, one of them without anybody."""
    people = []
    for index, name in enumerate(["a.png", "sub folder/b.jpg", "nobody.jpg", "c.png", "d.jpeg"]):
        found = [] if name.startswith("nobody") else [Region(np.array([20.0, 10, 40, 30]))]
        people.append((name, noise(index), found))
    one = Making(**write_split(tmp_path, people), root=tmp_path / "out", shards=2)
    one.make(recipe("mask_out", grow=0.0))
    return one


EDITED = ["a.png", "sub folder/b.jpg", "c.png", "d.jpeg"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that both shards have images."""
    monkeypatch.setattr("anonbench.anonymize.worklist.BLOCK", 2)


def test_every_image_is_read_with_its_edit(making: Making) -> None:
    images = making.images()
    assert images.names == ["a.png", "sub folder/b.jpg", "nobody.jpg", "c.png", "d.jpeg"]
    for name in images.names:
        expected = decode(making.images_dir / name)
        expected[10:30, 20:40] *= name == "nobody.jpg"
        assert (images.read(name) == expected).all() and images.is_edited(name) == (name in EDITED)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_many_processes_read_at_once(making: Making, method: str) -> None:
    images = making.images()
    names = images.names * 20
    with ProcessPoolExecutor(3, multiprocessing.get_context(method)) as pool:
        for name, image in zip(names, pool.map(images.read, names), strict=True):
            assert (image == images.read(name)).all()
    assert len(pickle.dumps(images)) < 10_000  # no pixels travel


def archive_of(making: Making, name: str) -> Path:
    (path,) = (p for p in making.root.glob(f"shards/*/{ARCHIVE}") if name in EditArchive(p).names)
    return path


def rewrite(path: Path, change: Callable[[dict[str, bytes]], Any]) -> None:
    """Write an archive anew with other edits."""
    archive = EditArchive(path)
    held = {name: archive.read(name) for name in sorted(archive.names)}
    change(held)
    with edit_writer(path) as writer:
        for name, data in held.items():
            writer.add(name, data)


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def transparent(making: Making) -> bytes:
    """An edit that is whole, of the right size, and shows the original everywhere."""
    picture = np.zeros((20, 20, 4), np.uint8)
    return cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()


DAMAGES: dict[str, tuple[Callable[[Making], Any], str]] = {
    "no archive": (lambda m: archive_of(m, "a.png").unlink(), r"edits\.zip cannot be read"),
    "half an archive": (
        lambda m: archive_of(m, "a.png").write_bytes(archive_of(m, "a.png").read_bytes()[:90]),
        r"edits\.zip cannot be read",
    ),
    "no list of archives": (lambda m: (m.root / EDIT_FILES).unlink(), f"{EDIT_FILES} is missing"),
    "a list that lacks a shard": (
        lambda m: write_record(m.root / EDIT_FILES, EditFiles(archives=["shards/2-of-2/edits.zip"])),
        "edit of 'a.png' that is nowhere",
    ),
    "no edit": (
        lambda m: rewrite(archive_of(m, "a.png"), lambda held: held.pop("a.png")),
        "edit of 'a.png' that is nowhere",
    ),
    "a flipped bit": (
        lambda m: rewrite(archive_of(m, "a.png"), lambda held: held.update({"a.png": flip(held["a.png"])})),
        "edit of 'a.png' .* SHA-256 differs",
    ),
    "another image's edit": (
        lambda m: rewrite(archive_of(m, "a.png"), lambda held: held.update({"a.png": held["sub folder/b.jpg"] + b"0"})),
        "edit of 'a.png' .* SHA-256 differs",
    ),
    "an edit that changes nothing": (
        lambda m: rewrite(archive_of(m, "a.png"), lambda held: held.update({"a.png": transparent(m)})),
        "edit of 'a.png' .* SHA-256 differs",
    ),
    "no original": (lambda m: (m.images_dir / "a.png").unlink(), r"a\.png cannot be read"),
    "another original": (
        lambda m: (m.images_dir / "a.png").write_bytes((m.images_dir / "c.png").read_bytes()),
        r"a\.png is not the one that was annotated",
    ),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_what_cannot_be_put_together_is_an_error_that_names_it(making: Making, case: str) -> None:
    damage, problem = DAMAGES[case]
    damage(making)
    with pytest.raises(UserError, match=problem) as caught:
        making.images().read("a.png")
    assert caught.value.fix.startswith("Delete ")
    with pytest.raises(UserError):
        making.export()
    assert not (making.root / "images").exists() and not making.left_over()


def test_an_archive_that_is_lost_while_it_is_read_is_an_error(making: Making) -> None:
    images = making.images()
    archive_of(making, "a.png").unlink()
    with pytest.raises(UserError, match=r"edits\.zip cannot be read"):
        images.read("a.png")
    assert images.read("nobody.jpg").shape == (HEIGHT, WIDTH, 3)


@pytest.mark.parametrize(("key", "value"), [("left", WIDTH), ("top", -1)])
def test_a_manifest_that_puts_an_edit_elsewhere_is_an_error(making: Making, key: str, value: int) -> None:
    manifest = read_json(making.manifest)
    manifest["images"][0]["edit"][key] = value
    write_json(making.manifest, manifest)
    with pytest.raises(UserError, match="edit of 'a.png' .* within its image"):
        making.images().read("a.png")


def test_an_edit_of_an_undecodable_picture_is_an_error(making: Making) -> None:
    rewrite(archive_of(making, "a.png"), lambda held: held.update({"a.png": b"no picture"}))
    manifest = json.loads(making.manifest.read_text())
    manifest["images"][0]["edit"]["sha256"] = sha256_of(b"no picture")
    write_json(making.manifest, manifest)
    with pytest.raises(UserError, match="not a picture in colour"):
        making.images().read("a.png")


def test_an_image_that_is_not_listed_is_an_error_even_if_it_exists(making: Making) -> None:
    (making.images_dir / "new.png").write_bytes((making.images_dir / "a.png").read_bytes())
    with pytest.raises(UserError, match=r"does not list the image 'new\.png'"):
        making.images().read("new.png")


# An export


def test_an_export_has_every_image_under_its_name(making: Making) -> None:
    folder = making.export()
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")} == set(making.images().names)
    assert (folder / "nobody.jpg").read_bytes() == (making.images_dir / "nobody.jpg").read_bytes()
    for name in ("a.png", "c.png"):
        assert (decode(folder / name) == making.images().read(name)).all()
    jpeg, shown = decode(folder / "d.jpeg").astype(int), making.images().read("d.jpeg")
    assert (folder / "d.jpeg").read_bytes().startswith(b"\xff\xd8") and 0 < np.abs(jpeg - shown).max() < 20
    assert np.abs(jpeg - shown).mean() < 1


def test_a_remade_variant_takes_away_what_was_exported(making: Making) -> None:
    folder = making.export()
    making.make(recipe("mask_out", grow=0.1))
    assert not folder.exists()


def test_a_broken_export_leaves_the_old_one(making: Making) -> None:
    folder = making.export()
    before = {path: sha256_file(path) for path in folder.rglob("*.*")}
    (making.images_dir / "d.jpeg").unlink()
    files = VariantFiles(manifest=making.manifest, originals=making.images_dir)
    with pytest.raises(UserError):
        export_variant(files, folder)
    assert {path: sha256_file(path) for path in folder.rglob("*.*")} == before


def test_originals_are_read_by_their_own_manifest(making: Making) -> None:
    images = VariantImages(VariantFiles(manifest=making.originals, originals=making.images_dir))
    assert all((images.read(name) == decode(making.images_dir / name)).all() for name in EDITED)
    assert not any(map(images.is_edited, EDITED))
