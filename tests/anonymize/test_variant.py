"""A variant folder: what is linked, what is encoded, what the manifest says, and what a failure leaves behind."""

from __future__ import annotations

import io
import json
import os
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

from anonbench.anonymize import variant
from anonbench.anonymize.originals import write_originals
from anonbench.anonymize.variant import write_variant
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file, write_json
from anonbench.common.images import decode, encode
from anonbench.regions.files import encode_region
from anonbench.regions.region import Region

ROOT = Path(__file__).resolve().parents[2]
NAMES = ["a.png", "sub folder/b 1.jpg", "sub folder/deep/c.jpeg", "empty.jpg", "empty.png", "far.png"]
HEIGHT, WIDTH = 48, 64


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def split(tmp_path: Path) -> dict[str, Any]:
    """A split in the common form with its regions, as the arguments of `write_variant`."""
    images, regions = [], []
    for index, name in enumerate(NAMES):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(picture(index), path.suffix))
        entry = {"file_name": name, "width": WIDTH, "height": HEIGHT}
        images.append({"id": 10 + index, **entry, "sha256": sha256_file(path)})
        records = []
        if not name.startswith("empty"):
            mask = np.zeros((HEIGHT, WIDTH), bool)
            mask[10:40, 20:40] = True
            records.append(encode_region(Region(np.array([20.0, 10, 40, 40]), mask)))
        if name.startswith("far"):
            records.append(encode_region(Region(np.array([900.0, 900, 990, 990]))))
        regions.append({"image_id": 10 + index, **entry, "regions": records})
    write_json(tmp_path / "annotations.json", {"images": images, "annotations": [], "categories": []})
    head = {"dataset": "toy", "split": "train", "region": "body"}
    write_json(tmp_path / "regions.json", {**head, "images": regions})
    out = tmp_path / "out" / "body-pixelate-medium"
    return {
        "annotations": tmp_path / "annotations.json",
        "images_dir": tmp_path / "images",
        "originals": tmp_path / "original" / "manifest.json",
        "regions": tmp_path / "regions.json",
        "out_dir": out,
        "manifest": out / "manifest.json",
        "dataset": "toy",
        "split": "train",
        "variant": "body-pixelate-medium",
        "method": "pixelate",
        "params": {"cells": 4},
        "seed": 3,
        "workers": 1,
    }


def originals(split: dict[str, Any]) -> None:
    """Write the variant ``original``, from which every other one starts."""
    write_originals(
        **{key: split[key] for key in ("annotations", "images_dir", "dataset", "split")},
        out_dir=split["originals"].parent / "images",
        manifest=split["originals"],
    )


def write(split: dict[str, Any], **changes: Any) -> None:
    """Write the originals and then the variant."""
    originals(split)
    variant_of(split, **changes)


def variant_of(split: dict[str, Any], **changes: Any) -> None:
    """Write the variant."""
    args = {**split, **changes}
    write_variant(**{key: value for key, value in args.items() if key not in ("annotations", "images_dir")})


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def edit(path: Path, change: Any) -> None:
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def nothing_written(split: dict[str, Any]) -> bool:
    parent = split["out_dir"].parent
    return not parent.exists() or not list(parent.iterdir())


def test_layout_and_manifest(split: dict[str, Any]) -> None:
    write(split)
    assert set(files_of(split["out_dir"])) == {*NAMES, "manifest.json"}
    manifest = read_json(split["manifest"])
    assert [image["file_name"] for image in manifest["images"]] == NAMES
    for image in manifest["images"]:
        assert sha256_file(split["out_dir"] / image["file_name"]) == image["sha256"]
    assert manifest["counts"] == {"images": 6, "linked": 2, "regions": 5, "fallbacks": {"outside": 1}}
    assert manifest["images"][5]["regions"] == 2 and manifest["images"][5]["fallbacks"] == {"outside": 1}
    assert (manifest["method"], manifest["params"], manifest["seed"]) == ("pixelate", {"cells": 4}, 3)


def test_png_is_identical_outside_and_jpeg_nearly(split: dict[str, Any]) -> None:
    write(split)
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[10:40, 20:40] = False
    png = decode(split["out_dir"] / "a.png")
    assert (split["out_dir"] / "a.png").read_bytes().startswith(b"\x89PNG")
    assert (png[outside] == picture(0)[outside]).all() and (png != picture(0)).any(-1)[~outside].mean() > 0.95
    before, after = (decode(split[key] / NAMES[1]) for key in ("images_dir", "out_dir"))
    assert np.abs(before[outside].astype(int) - after[outside]).max() <= 4


def test_images_without_regions_are_linked(split: dict[str, Any]) -> None:
    write(split)
    for name in NAMES:
        same = (split["images_dir"] / name).stat().st_ino == (split["out_dir"] / name).stat().st_ino
        assert same == name.startswith("empty")


def test_original_links_everything(split: dict[str, Any]) -> None:
    originals(split)
    folder = split["originals"].parent / "images"
    assert all((split["images_dir"] / n).stat().st_ino == (folder / n).stat().st_ino for n in NAMES)
    manifest = read_json(split["originals"])
    assert manifest["counts"] == {"images": 6, "linked": 6, "regions": 0, "fallbacks": {}}
    assert manifest["method"] is None


def test_links_hold_where_hard_links_do_not_exist(split: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError("cross-device link")

    monkeypatch.setattr(os, "link", refused)
    write(split)
    link = split["out_dir"] / "empty.jpg"
    assert link.is_symlink() and not os.path.isabs(os.readlink(link))
    assert link.read_bytes() == (split["images_dir"] / "empty.jpg").read_bytes()
    monkeypatch.setattr(Path, "symlink_to", refused)
    write(split)
    assert not link.is_symlink() and link.read_bytes() == (split["images_dir"] / "empty.jpg").read_bytes()


@pytest.mark.parametrize("name", ["a.png", "sub folder/b 1.jpg", "empty.jpg", "empty.png"])
def test_metadata_never_gets_through(split: dict[str, Any], name: str) -> None:
    path = split["images_dir"] / name
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
    edit(split["annotations"], lambda v: v["images"][NAMES.index(name)].update(sha256=digest))
    write(split)
    written = (split["out_dir"] / name).read_bytes()
    assert b"SECRET" not in written and b"Exif" not in written and b"eXIf" not in written
    assert written.count(b"\xff\xd8\xff") <= 1
    opened = Image.open(io.BytesIO(written))
    assert not opened.getexif() and not {"exif", "comment", "Comment"} & set(opened.info)
    if name.startswith("empty"):
        assert (decode(written) == decode(path)).all()


def test_result_does_not_depend_on_the_number_of_workers(split: dict[str, Any]) -> None:
    write(split)
    one = files_of(split["out_dir"])
    write(split, workers=2)
    assert files_of(split["out_dir"]) == one


def test_old_variant_is_replaced_as_a_whole(split: dict[str, Any]) -> None:
    split["out_dir"].mkdir(parents=True)
    (split["out_dir"] / "stale.png").write_bytes(b"old")
    write(split)
    assert not (split["out_dir"] / "stale.png").exists()
    assert [p.name for p in split["out_dir"].parent.iterdir()] == [split["out_dir"].name]


@pytest.mark.parametrize("workers", [1, 2])
def test_failure_leaves_the_old_variant_and_nothing_else(split: dict[str, Any], workers: int) -> None:
    write(split)
    before = files_of(split["out_dir"])
    (split["images_dir"] / "far.png").write_bytes(encode(picture(99), ".png"))
    with pytest.raises(UserError, match=r"far\.png.*SHA-256"):
        variant_of(split, params={"cells": 2}, workers=workers)
    assert files_of(split["out_dir"]) == before
    assert [p.name for p in split["out_dir"].parent.iterdir()] == [split["out_dir"].name]


def rename(path: str, value: Any) -> Any:
    return lambda v: v.__setitem__(path, value)


MISTAKES = {
    "another split": ("regions", rename("split", "val"), "toy val"),
    "another dataset": ("regions", rename("dataset", "zoo"), "zoo train"),
    "image without an entry": ("regions", lambda v: v["images"].pop(3), "empty.jpg"),
    "image too many": ("annotations", lambda v: v["images"].pop(3), "lists 6 images"),
    "another size": ("regions", lambda v: v["images"][0].update(width=99), "a.png"),
    "climbs out": ("annotations", lambda v: v["images"][0].update(file_name="../../a.png"), "../../a.png"),
    "absolute": ("annotations", lambda v: v["images"][0].update(file_name="/tmp/a.png"), "/tmp/a.png"),
    "twice": ("annotations", lambda v: v["images"][1].update(file_name="a.png"), "a.png"),
    "no images": ("annotations", lambda v: v["images"].clear(), "no images"),
    "damaged mask": (
        "regions",
        lambda v: v["images"][0]["regions"][0]["mask"].update(counts="0"),
        "mask",
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_mistakes_end_in_one_message(split: dict[str, Any], case: str) -> None:
    key, change, named = MISTAKES[case]
    edit(split[key], change)
    with pytest.raises(UserError, match=named.replace(".", r"\.")):
        write(split)
    assert nothing_written(split)


def test_missing_and_unreadable_image(split: dict[str, Any]) -> None:
    path = split["images_dir"] / "a.png"
    path.write_bytes(b"not an image")
    digest = sha256_file(path)
    edit(split["annotations"], lambda v: v["images"][0].update(sha256=digest))
    with pytest.raises(UserError, match=r"a\.png is not a readable image"):
        write(split)
    path.unlink()
    with pytest.raises(UserError, match=r"a\.png cannot be read"):
        write(split)
    assert nothing_written(split)


def test_image_of_another_size_than_annotated(split: dict[str, Any]) -> None:
    path = split["images_dir"] / "a.png"
    path.write_bytes(encode(picture(0)[:40], ".png"))
    digest = sha256_file(path)
    edit(split["annotations"], lambda v: v["images"][0].update(sha256=digest))
    with pytest.raises(UserError, match="64 x 40"):
        write(split)


def test_full_disk_is_found_before_anything_is_written(split: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 100, 0))
    with pytest.raises(UserError, match="MB"):
        write(split)
    assert nothing_written(split)


def test_random_generator_depends_on_seed_and_file_name_only(
    split: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[float] = []
    pixelate = variant.create("pixelate", {"cells": 4})
    fill = type(pixelate).fill
    monkeypatch.setattr(type(pixelate), "fill", lambda self, p: drawn.append(p.rng.random()) or fill(self, p))
    write(split)
    first = drawn[:]
    drawn.clear()
    edit(split["annotations"], lambda v: v["images"].reverse())
    write(split)
    assert drawn == first[::-1] and len(set(drawn)) == len(drawn)
    drawn.clear()
    write(split, seed=4)
    assert not set(drawn) & set(first)


KILLED = """
import sys, time
from pathlib import Path
from anonbench.anonymize import registry, variant
args = dict(eval(sys.argv[1]))
args |= {key: Path(args[key]) for key in ("originals", "regions", "out_dir", "manifest")}
pixelate = registry.create("pixelate", {"cells": 4})
fill = type(pixelate).fill
def slow(self, patch):
    if patch.rng.random() < 2:
        Path(sys.argv[2]).touch()
        time.sleep(60)
type(pixelate).fill = slow
variant.write_variant(**args)
"""


def test_killed_writer_leaves_nothing_that_counts(split: dict[str, Any], tmp_path: Path) -> None:
    """After kill -9 neither variant nor manifest exists, the pool's workers end, and the next run cleans up."""
    started = tmp_path / "started"
    originals(split)
    args = {key: str(value) if isinstance(value, Path) else value for key, value in split.items()}
    del args["annotations"], args["images_dir"]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, repr({**args, "workers": 2}), str(started)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    while not started.exists() and process.poll() is None:
        time.sleep(0.02)
    children = psutil.Process(process.pid).children()
    assert children
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not split["out_dir"].exists() and not split["manifest"].exists()
    assert not psutil.wait_procs(children, timeout=5)[1]
    write(split)
    assert [p.name for p in split["out_dir"].parent.iterdir()] == [split["out_dir"].name]
