"""``anonbench anonymize``: what it writes, what it leaves out, and how it goes on."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from anonbench.cli.journal import JOURNAL
from anonbench.common.images import decode, encode
from anonbench.common.root import ROOT
from anonbench.generators import synthesizer
from anonbench.regions.landmarks import LANDMARKS
from tests.cli.conftest import picture
from tests.helpers.people import untrained

NAMES = ["a.png", "b.PNG", "sub folder/c 1.png"]
BOX = (20.0, 10.0, 50.0, 40.0)
INSIDE = np.zeros((60, 80), bool)
INSIDE[10:40, 20:50] = True


def entries(out: Path) -> dict[str, dict]:
    """The journal's lines after the first, by photograph."""
    return {entry["name"]: entry for entry in map(json.loads, (out / JOURNAL).read_text().splitlines()[1:])}


def written(out: Path) -> list[str]:
    return sorted(
        path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file() and path.name != JOURNAL
    )


@pytest.mark.parametrize(("method", "level"), [("mask_out", "low"), ("blur", "high"), ("pixelate", "medium")])
def test_regions_are_hidden_and_the_tree_is_kept(anonbench, finds, folder, tmp_path, method, level) -> None:
    opened = finds(BOX)
    out = tmp_path / "out"
    result = anonbench("anonymize", folder, out, "--method", method, "--level", level, "--workers", 1)
    assert result.exit_code == 0, result.output
    assert written(out) == NAMES and opened == [("face", None)]
    assert "3 photographs written" in result.output and "3 faces hidden" in result.output
    for index, name in enumerate(NAMES):
        before, after = picture(index), decode(out / name)
        assert (after[~INSIDE] == before[~INSIDE]).all()
        assert (after != before).any(-1)[INSIDE].mean() > 0.95
        if method == "mask_out":
            assert not after[INSIDE].any()
    entry = entries(out)["a.png"]
    assert entry["regions"] == [{"box": [20, 10, 30, 30], "source": "detected", "score": 0.9}]
    assert (entry["width"], entry["height"], entry["masked_out"]) == (80, 60, {}) and entry["shares"][0] > 0.95


def test_a_photograph_without_anybody_keeps_its_coded_pixels(anonbench, finds, tmp_path) -> None:
    finds()
    source = tmp_path / "a.jpg"
    exif = Image.Exif()
    exif[0x013B] = "SECRET"
    Image.fromarray(picture(1)).save(source, quality=80, exif=exif, comment="SECRET")
    assert anonbench("anonymize", source, tmp_path / "out").exit_code == 0
    data = (tmp_path / "out" / "a.jpg").read_bytes()
    assert b"SECRET" in source.read_bytes() and b"SECRET" not in data
    assert (decode(data) == decode(source)).all()


def test_photographs_are_upright_and_without_metadata(anonbench, finds, tmp_path) -> None:
    finds((0, 0, 10, 10))
    source, exif = tmp_path / "a.png", Image.Exif()
    exif[0x0112], exif[0x013B] = 6, "SECRET"
    Image.fromarray(picture(1)).save(source, exif=exif)
    assert anonbench("anonymize", source, tmp_path / "out", "--method", "mask_out", "--level", "low").exit_code == 0
    after = decode(tmp_path / "out" / "a.png")
    turned = np.rot90(picture(1), -1)
    assert after.shape == (80, 60, 3) and not after[:10, :10].any() and (after[10:] == turned[10:]).all()
    assert b"SECRET" not in (tmp_path / "out" / "a.png").read_bytes()


def test_what_cannot_be_read_is_not_written_and_told(anonbench, finds, folder, tmp_path) -> None:
    finds(BOX)
    (folder / "broken.jpg").write_bytes(b"<html>Not found</html>")
    out = tmp_path / "out"
    result = anonbench("anonymize", folder, out, "--workers", 1)
    assert result.exit_code == 1 and written(out) == NAMES
    assert "Not written: broken.jpg" in result.output and "broken.jpg" in entries(out)["broken.jpg"]["problem"]
    (folder / "broken.jpg").unlink()
    assert anonbench("anonymize", folder, out, "--workers", 1).exit_code == 0


def test_a_region_that_shows_no_change_keeps_the_photograph_out(
    anonbench, finds, folder, tmp_path, monkeypatch
) -> None:
    """The audit looks at the pixels, whatever the method says of them."""
    finds(BOX)
    monkeypatch.setattr("anonbench.anonymize.frame.paste", lambda source, mask, target: None)
    result = anonbench("anonymize", folder, tmp_path / "out", "--method", "mask_out", "--workers", 1)
    assert result.exit_code == 1 and written(tmp_path / "out") == []
    assert "would still show 1 regions as they were" in result.output


def test_a_second_run_goes_on(anonbench, finds, folder, tmp_path) -> None:
    finds(BOX)
    out = tmp_path / "out"
    words = ("anonymize", folder, out, "--workers", 1)
    anonbench(*words)
    stamps = {name: (out / name).stat().st_mtime_ns for name in NAMES}
    (out / "a.png").write_bytes(b"damaged")
    (folder / "b.PNG").write_bytes(encode(picture(9), ".png"))
    (folder / "new.png").write_bytes(encode(picture(10), ".png"))
    with open(out / JOURNAL, "a") as stream:
        stream.write('{"name": "cut o')
    result = anonbench(*words)
    assert (
        result.exit_code == 0 and "3 photographs written" in result.output and "1 were there already" in result.output
    )
    assert (out / NAMES[2]).stat().st_mtime_ns == stamps[NAMES[2]]
    assert (decode(out / "b.PNG")[~INSIDE] == picture(9)[~INSIDE]).all() and set(entries(out)) == {*NAMES, "new.png"}
    assert "0 photographs written" in anonbench(*words).output


@pytest.mark.parametrize(
    "other", [("--level", "high"), ("--method", "pixelate"), ("--region", "body"), ("--seed", "1")]
)
def test_other_settings_do_not_mix(anonbench, finds, folder, tmp_path, other) -> None:
    finds(BOX)
    out = tmp_path / "out"
    anonbench("anonymize", folder, out, "--workers", 1)
    before = {name: (out / name).read_bytes() for name in NAMES}
    result = anonbench("anonymize", folder, out, "--workers", 1, *other)
    assert result.exit_code == 2 and "made with another" in result.output and "--overwrite" in result.output
    assert {name: (out / name).read_bytes() for name in NAMES} == before
    assert anonbench("anonymize", folder, out, "--workers", 1, "--overwrite", *other).exit_code == 0


@pytest.mark.parametrize("words", [(), ("--overwrite",)])
def test_files_of_others_are_never_touched(anonbench, finds, folder, tmp_path, words) -> None:
    finds(BOX)
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    result = anonbench("anonymize", folder, out, *words)
    assert result.exit_code == 2 and os.listdir(out) == ["thesis.tex"]


@pytest.mark.parametrize("place", ["in", "in/made", "in/sub folder"])
def test_nothing_is_written_among_the_originals(anonbench, finds, folder, place) -> None:
    finds(BOX)
    result = anonbench("anonymize", folder, folder.parent / place)
    assert result.exit_code == 2 and "Name a folder elsewhere" in result.output


def test_a_level_that_leaves_people_visible_is_for_studies_alone(
    anonbench, finds, folder, tmp_path, monkeypatch
) -> None:
    finds(BOX)
    study = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    study["methods"]["blur"] = {"medium": {"sigma": 0.1}, "half": {"sigma": 0.1, "body": {"share": 0.5}}}
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text(yaml.safe_dump(study))
    monkeypatch.chdir(tmp_path)
    result = anonbench("anonymize", "in", "out", "--region", "body", "--level", "half")
    assert "blur at half leaves people visible on purpose (share: 0.5)" in result.output
    assert result.exit_code == 2 and not (tmp_path / "out").exists()
    assert anonbench("anonymize", "in", "out", "--region", "face", "--level", "half").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("missing", "out"), "missing does not exist"),
        (("in", "out", "--method", "blurr"), "Did you mean 'blur'"),
        (("in", "out", "--level", "hihg"), "Did you mean 'high'"),
        (("in", "out", "--method", "gan"), "needs a trained generator"),
        (("in", "out", "--method", "drop_images", "--level", "all"), "changes what is trained on, and no photograph"),
        (("in", "out", "--generator", "in/a.png"), "uses no trained generator"),
        (("empty", "out"), "holds no photograph"),
        (("list.txt", "out"), "lists 'gone.png'"),
        (("twins", "out"), "would both become x.webp.jpg"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(anonbench, finds, folder, tmp_path, monkeypatch, words, told) -> None:
    finds(BOX)
    monkeypatch.chdir(tmp_path)
    for name in ("empty", "twins"):
        (tmp_path / name).mkdir()
    (tmp_path / "list.txt").write_text("gone.png\n")
    for name in ("x.webp", "x.webp.jpg"):
        (tmp_path / "twins" / name).write_bytes(b"")
    result = anonbench("anonymize", *words)
    assert result.exit_code == 2 and told in result.output and not (tmp_path / "out").exists()


def test_a_list_of_photographs(anonbench, finds, folder, tmp_path) -> None:
    finds(BOX)
    outside = tmp_path / "elsewhere.png"
    outside.write_bytes(encode(picture(5), ".png"))
    (folder / "list.txt").write_text(f"sub folder/c 1.png\n\n{outside}\n")
    assert anonbench("anonymize", folder / "list.txt", tmp_path / "out").exit_code == 0
    assert written(tmp_path / "out") == ["elsewhere.png", "sub folder/c 1.png"]


def test_other_kinds_of_files_get_a_name_that_is_true(anonbench, finds, tmp_path) -> None:
    finds(BOX)
    place = tmp_path / "in"
    place.mkdir()
    for name in ("a.webp", "b.bmp"):
        Image.fromarray(picture(1)).save(place / name)
    assert anonbench("anonymize", place, tmp_path / "out").exit_code == 0
    assert written(tmp_path / "out") == ["a.webp.jpg", "b.bmp.png"]


def test_a_dry_run_shows_what_it_found_and_does_not_stand_in_the_way(anonbench, finds, folder, tmp_path) -> None:
    finds(BOX)
    out = tmp_path / "out"
    result = anonbench("anonymize", folder, out, "--dry-run")
    assert result.exit_code == 0 and "3 regions in 3 photographs" in result.output
    assert not out.exists()
    assert decode(tmp_path / "out-found.jpg").shape == (262 + 4, 3 * 324, 3)
    assert anonbench("anonymize", folder, out, "--workers", 1).exit_code == 0
    assert written(out) == NAMES


def coco(folder: Path, path: Path) -> None:
    """Annotate the photographs: one person in the first, nobody in the second, somebody lost in the third."""
    images = [{"id": i, "file_name": name, "width": 80, "height": 60} for i, name in enumerate(NAMES, 1)]
    people = [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 10, 30, 30]},
        {"id": 2, "image_id": 3, "category_id": 1, "bbox": [5, 5, 0, 0]},
    ]
    path.write_text(json.dumps({"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}))


def test_no_photograph_is_lost_among_many_processes(anonbench, tmp_path) -> None:
    """More than are handed out at first."""
    place, names = tmp_path / "in", [f"{index:02}.png" for index in range(21)]
    place.mkdir()
    images = [{"id": i, "file_name": name, "width": 80, "height": 60} for i, name in enumerate(names, 1)]
    people = [{"id": i, "image_id": i, "category_id": 1, "bbox": [20, 10, 30, 30]} for i in range(1, 22)]
    (tmp_path / "people.json").write_text(
        json.dumps({"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]})
    )
    for index, name in enumerate(names):
        (place / name).write_bytes(encode(picture(index), ".png"))
    out = tmp_path / "out"
    words = ("--region", "body", "--annotations", tmp_path / "people.json", "--method", "mask_out", "--level", "low")
    result = anonbench("anonymize", place, out, *words, "--workers", 2)
    assert result.exit_code == 0 and "21 photographs written" in result.output
    assert written(out) == names and set(entries(out)) == set(names)
    assert not any(decode(out / name)[INSIDE].any() for name in names)


@pytest.mark.parametrize("workers", [1, 2])
def test_given_people_are_hidden_and_whoever_is_lost_hides_the_photograph(anonbench, folder, tmp_path, workers) -> None:
    coco(folder, tmp_path / "people.json")
    out = tmp_path / "out"
    result = anonbench(
        "anonymize", folder, out, "--region", "body", "--annotations", tmp_path / "people.json", "--workers", workers,
        "--method", "mask_out", "--level", "low",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    a, b, c = (decode(out / name) for name in NAMES)
    assert not a[INSIDE].any() and (a[~INSIDE] == picture(0)[~INSIDE]).all()
    assert (b == picture(1)).all() and not c.any()
    found = entries(out)
    assert [region["source"] for name in NAMES for region in found[name]["regions"]] == ["annotated", "unlocated"]
    assert found[NAMES[2]]["masked_out"] == {"not_located": 1} and found[NAMES[2]]["regions"][0]["box"] is None


def test_a_photograph_that_the_annotations_do_not_list_is_named(anonbench, folder, tmp_path) -> None:
    coco(folder, tmp_path / "people.json")
    (folder / "more").mkdir(exist_ok=True)
    (folder / "more" / "new.png").write_bytes(encode(picture(7), ".png"))
    out = tmp_path / "out"
    words = ("--region", "body", "--annotations", tmp_path / "people.json", "--method", "mask_out", "--level", "low")
    result = anonbench("anonymize", folder, out, *words)
    assert result.exit_code == 1 and "does not list them: 1 photographs: more/new.png" in result.output
    assert not (out / "more" / "new.png").exists() and (out / NAMES[0]).exists()


def test_a_generator_of_the_workflow_makes_other_people(anonbench, finds, folder, tmp_path) -> None:
    finds(BOX)
    generator = untrained(tmp_path / "generator.safetensors")
    out = tmp_path / "out"
    words = ("--region", "body", "--method", "gan", "--level", "low", "--generator", generator, "--device", "cpu")
    result = anonbench("anonymize", folder, out, *words)
    assert result.exit_code == 0, result.output
    for index, name in enumerate(NAMES):
        before, after = picture(index), decode(out / name)
        assert (after != before).any(-1)[INSIDE].mean() > 0.95 and entries(out)[name]["masked_out"] == {}
        assert (after[:8] == before[:8]).all()
    sheet = anonbench(
        "compare", folder / "a.png", "--region", "body", "--out", tmp_path / "s.png", "--generator", generator
    )
    assert sheet.exit_code == 0 and decode(tmp_path / "s.png").shape[0] == 5 * (round(360 * 55 / 60) + 26)


@pytest.mark.parametrize("command", ["anonymize", "compare", "annotations"])
def test_a_generator_is_told_where_landmarks_and_joints_are(anonbench, finds, folder, tmp_path, monkeypatch, command):
    """Of detected faces, and of annotated people."""
    finds(BOX)
    views, prepare = [], synthesizer.conditions
    monkeypatch.setattr(synthesizer, "conditions", lambda shown, *rest: views.extend(shown) or prepare(shown, *rest))
    joints = ["nose", "left_knee"]
    generator = untrained(tmp_path / "generator.safetensors", names=joints if command == "annotations" else LANDMARKS)
    words = ["--region", "face", "--generator", generator]
    if command == "compare":
        result = anonbench("compare", folder / "a.png", "--out", tmp_path / "s.png", *words)
    else:
        words += ["--method", "gan", "--level", "low", "--device", "cpu"]
        if command == "annotations":
            coco(folder, tmp_path / "people.json")
            people = json.loads((tmp_path / "people.json").read_text())
            people["categories"][0]["keypoints"] = joints
            for one in people["annotations"][:1]:
                one |= {"keypoints": [30, 15, 2, 30, 35, 2], "num_keypoints": 2}
            (tmp_path / "people.json").write_text(json.dumps(people))
            words[:2] = ["--region", "body", "--annotations", tmp_path / "people.json"]
        result = anonbench("anonymize", folder, tmp_path / "out", *words)
    assert result.exit_code == 0, result.output
    assert views and all((view.keypoints[:, 2] > 0).all() for view in views)
