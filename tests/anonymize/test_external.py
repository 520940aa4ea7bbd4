"""A user's own command: what it gets, what of its output is kept, and how its failures end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonbench.anonymize import worklist
from anonbench.anonymize.frame import anonymize
from anonbench.anonymize.outside.exchange import describe
from anonbench.anonymize.outside.identity import file_digests
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file
from anonbench.common.images import decode
from anonbench.common.root import ROOT
from anonbench.config.methods import level_config, plugin_of
from anonbench.config.plugins import METHODS
from anonbench.regions.footprint import footprint
from anonbench.regions.region import Region
from tests.helpers.ended import has_ended
from tests.helpers.outside_tool import decoded
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

TOOL = ROOT / "tests" / "helpers" / "outside_tool.py"
WORDS = ["{images}", "{regions}", "{output}", "{seed}"]
HEIGHT, WIDTH = 48, 64
NAMES = ["a.png", "sub folder/b 1.jpg", "empty.jpg", "far.png", "two.png"]
BOX = np.array([20.0, 10, 40, 40])
KEYPOINTS = np.array([[50, 9, 2], [1, 1, 0.0]])


def command(mode: str = "") -> list[str]:
    return [sys.executable, str(TOOL), *WORDS, mode]


def smooth(seed: int) -> np.ndarray:
    """Pixels that survive JPEG, none of them gray enough to be inverted into itself."""
    ramp = np.linspace(0, 90, WIDTH, dtype=np.uint8)
    return np.repeat(np.stack([ramp, ramp[::-1], np.full_like(ramp, 10 * seed)], 1)[None], HEIGHT, 0)


@pytest.fixture
def making(tmp_path: Path) -> Making:
    """A variant of five images, one of them without and one with an invisible region; nothing is made yet."""
    people = []
    for index, name in enumerate(NAMES):
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[10:40, 20:40] = True
        found = {
            "empty.jpg": [],
            "far.png": [Region(np.array([900.0, 900, 990, 990]), source="detected")],
            "two.png": [Region(BOX), Region(np.array([44.0, 4, 60, 30]), keypoints=KEYPOINTS)],
        }.get(name, [Region(BOX, mask, annotation_id=index)])
        people.append((name, smooth(index), found))
    return Making(**write_split(tmp_path, people, keypoint_names=["nose", "tail"]), root=tmp_path / "out")


def log_of(making: Making) -> Path:
    return making.root / "logs" / "job.log"


def run(making: Making, words: list[str], **params: Any) -> dict[str, Any]:
    """Write the variant with that command; the manifest."""
    return making.make(recipe("inverter", command=words, **params), log_file=log_of(making))


def write(making: Making, mode: str = "", **params: Any) -> dict[str, Any]:
    """Write the variant with the tool in that mode; the manifest."""
    return run(making, command(mode), **params)


def image(making: Making, name: str) -> np.ndarray:
    return making.images().read(name)


def original(making: Making, name: str) -> np.ndarray:
    return decode(making.images_dir / name)


def inside(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = True
    return mask


ONE = inside((20, 10, 40, 40))


def left_over(making: Making) -> list[Path]:
    return [path for path in making.left_over() if path.name != "logs"]


def nothing_written(making: Making) -> bool:
    shard = making.shard(1)
    return not left_over(making) and not any((f / "manifest.json").exists() for f in (making.root, shard))


def test_regions_are_replaced_and_the_rest_stays(making: Making) -> None:
    manifest = write(making)
    before, after = original(making, "a.png"), image(making, "a.png")
    assert (after[ONE] == 255 - before[ONE]).all() and (after[~ONE] == before[~ONE]).all()
    both = ONE | inside((44, 4, 60, 30))
    assert (image(making, "two.png")[both] == 255 - original(making, "two.png")[both]).all()
    # The tool itself wrote a JPEG.
    jpeg = image(making, NAMES[1]).astype(int)
    assert np.abs(jpeg - (255 - original(making, NAMES[1])))[inside((24, 14, 36, 36))].max() < 9
    assert (jpeg == original(making, NAMES[1]))[~ONE].all()
    assert manifest["counts"] == {"images": 5, "unchanged": 2, "restored_pixels": 0}
    assert [manifest["audit"][key] for key in ("changed", "outside", "masked_out", "left")] == [4, 1, {}, 0]
    made = manifest["recipe"]
    assert (made["method"], made["plugin"], made["config"]) == ("inverter", "external", {"command": command()})
    assert [entry["file_name"] for entry in manifest["images"]] == NAMES
    assert not left_over(making)
    assert "seed 3, mode" in log_of(making).read_text()


def test_result_does_not_depend_on_the_number_of_workers(making: Making) -> None:
    one = write(making, "outside")
    outside = recipe("inverter", command=command("outside"))
    assert making.make(outside, workers=2) == one


def test_a_changed_surrounding_is_put_back_and_counted(making: Making) -> None:
    manifest = write(making, "outside")
    for name in ("a.png", "two.png"):
        mask = ONE | inside((44, 4, 60, 30)) if name == "two.png" else ONE
        assert (image(making, name)[~mask] == original(making, name)[~mask]).all()
        assert (image(making, name)[mask] == 255 - original(making, name)[mask]).all()
    by_name = {entry["file_name"]: entry.get("restored_pixels") for entry in manifest["images"]}
    whole = HEIGHT * WIDTH
    assert by_name == {
        "a.png": whole - 600, NAMES[1]: whole - 600, "empty.jpg": None, "far.png": 0, "two.png": whole - 600 - 416,
    }  # fmt: skip
    assert manifest["counts"]["restored_pixels"] == 3 * whole - 3 * 600 - 416


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("missing", "output_missing"),
        ("untouched", "output_unchanged"),
        ("nearly", "output_unchanged"),
        ("smaller", "output_wrong_shape"),
        ("huge", "output_wrong_shape"),
        ("16 bit", "output_not_rgb"),
        ("transparent", "output_not_rgb"),
        ("bulky", "output_unreadable"),
        ("link", "output_unreadable"),
        ("folder", "output_unreadable"),
        ("pipe", "output_unreadable"),
    ],
)
def test_what_cannot_be_trusted_is_masked_out_and_counted(making: Making, mode: str, reason: str) -> None:
    manifest = write(making, mode)
    assert (manifest["audit"]["outside"], manifest["audit"]["masked_out"]) == (1, {reason: 1})
    before, after = original(making, "a.png"), image(making, "a.png")
    assert (after[ONE] == 0).all() and (after[~ONE] == before[~ONE]).all()
    assert (image(making, "two.png")[ONE] == 255 - original(making, "two.png")[ONE]).all()


def test_a_tool_none_of_whose_images_can_be_used_is_an_error(making: Making) -> None:
    with pytest.raises(UserError, match=r"wrote no image that can be used: 'a.png' is transparent") as error:
        write(making, "all transparent")
    assert "write plain RGB" in str(error.value) and "seed 3, mode all transparent" in str(error.value)
    assert nothing_written(making)


def test_no_folder_that_is_a_link_is_entered(making: Making) -> None:
    manifest = write(making, "linked folder")
    assert manifest["images"][1]["fallbacks"] == {"output_unreadable": 1}


def test_the_threshold_decides_what_counts_as_unchanged(making: Making) -> None:
    assert write(making, "nearly", least_change=0.5)["audit"]["masked_out"] == {}


def test_a_tool_that_writes_in_place_reaches_no_original(making: Making) -> None:
    before = {name: sha256_file(making.images_dir / name) for name in NAMES}
    write(making, "in place")
    assert {name: sha256_file(making.images_dir / name) for name in NAMES} == before


def test_a_tool_that_writes_nothing_is_a_mistake(making: Making) -> None:
    with pytest.raises(UserError, match=r"wrote none of the 3 images(.|\n)*mode nothing"):
        write(making, "nothing")
    assert nothing_written(making)


def test_files_under_other_names_are_logged(making: Making, caplog: pytest.LogCaptureFixture) -> None:
    write(making, "strange")
    assert "1 files that are named after no image, such as 'a.txt'" in caplog.text


def test_a_crash_fails_the_job_with_the_tools_last_output(making: Making) -> None:
    with pytest.raises(UserError, match=rf"ended with status 1(.|\n)*out of memory(.|\n)*{log_of(making).name}"):
        write(making, "crash")
    assert nothing_written(making)


def test_a_program_that_does_not_exist_is_named(making: Making) -> None:
    with pytest.raises(UserError, match="status 127(.|\n)*no-such-program: No such file"):
        run(making, ["no-such-program", *WORDS])


def test_a_timeout_ends_the_tool_and_what_it_started(
    making: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOL_PIDS", str(tmp_path / "pids"))
    with pytest.raises(UserError, match="took longer than 2 s"):
        write(making, "sleep", timeout=2)
    assert has_ended(int((tmp_path / "pids").read_text()))
    assert nothing_written(making)


KILLED = """
import sys
from pathlib import Path
from tests.helpers.variants import Making, recipe
Making(*map(Path, sys.argv[1:5])).make(recipe("inverter", command=sys.argv[5:]))
"""


def test_a_killed_job_takes_the_tool_with_it(making: Making, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    arguments = [*map(str, (making.images_dir, making.originals, making.regions, making.root)), *command("sleep")]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TOOL_PIDS": str(pids)},
        stderr=subprocess.DEVNULL,
    )
    while not (pids.exists() and pids.read_text()) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert has_ended(int(pids.read_text()))
    assert left_over(making) and not (making.shard(1) / "edits.zip").exists() and not making.manifest.exists()
    write(making)
    assert not left_over(making)


def test_a_tool_gets_what_a_built_in_method_gets(making: Making, tmp_path: Path) -> None:
    copy = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[4]); shutil.copytree(sys.argv[2], sys.argv[5])"
    kept = [str(tmp_path / "kept images"), str(tmp_path / "kept regions")]
    tool = f"{copy}; shutil.copytree(sys.argv[1], sys.argv[3], dirs_exist_ok=True)"
    with pytest.raises(UserError, match="masked out throughout.*output_unchanged: 4"):
        run(making, [sys.executable, "-c", tool, "{images}", "{regions}", "{output}", *kept], grow=0.1)
    images, regions = map(Path, kept)
    names = ["a.png", NAMES[1], "two.png"]
    found = [sorted(str(p.relative_to(kept)) for p in kept.rglob("*.*")) for kept in (images, regions)]
    assert found == [names, [f"{name}.json" for name in names]]
    for name in names:
        assert (images / name).read_bytes() == (making.images_dir / name).read_bytes()
    file = read_json(regions / "two.png.json")
    assert {key: file[key] for key in ("version", "file_name", "width", "height", "region", "keypoint_names")} == {
        "version": 1, "file_name": "two.png", "width": 64, "height": 48, "region": "body",
        "keypoint_names": ["nose", "tail"],
    }  # fmt: skip
    first, second = file["regions"]
    assert first["box"] == [20, 10, 20, 30] and first["keypoints"] is None
    assert second["box"] == [44, 4, 16, 26] and second["keypoints"] == [50, 9, 2, 1, 1, 0]
    assert (decoded(first["outline"]) == ONE).all()
    assert decoded(first["mask"])[7, 30] and not decoded(first["mask"])[6, 30]  # 30 px grow by 3
    seeds = {read_json(regions / f"{name}.json")["seed"] for name in names}
    assert len(seeds) == 3


def test_a_shard_runs_the_command_over_its_own_images(
    making: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write(making)
    monkeypatch.setattr(worklist, "BLOCK", 1)
    two = replace(making, root=tmp_path / "two", shards=2)
    assert write(two) == whole
    assert two.pixels() == making.pixels()
    assert log_of(two).read_text().count("seed 3, mode") == 2


@given(
    st.lists(st.tuples(st.integers(-10, 60), st.integers(-10, 40), st.integers(1, 50), st.integers(1, 40)), max_size=4),
    st.integers(0, 99),
    st.floats(0, 0.3),
)
@settings(max_examples=50, deadline=None)
def test_nothing_outside_the_regions_changes_and_nothing_inside_stays(boxes: list, seed: int, grow: float) -> None:
    rng = np.random.default_rng(seed)
    before, output = rng.integers(0, 256, (2, HEIGHT, WIDTH, 3), dtype=np.uint8)
    regions = [Region(np.array([x, y, x + w, y + h], float)) for x, y, w, h in boxes]
    method = METHODS.create("external", {"command": command(), "grow": grow})
    result = anonymize(method, before, regions, made=output)
    covered = np.zeros((HEIGHT, WIDTH), bool)
    for region in regions:
        found = footprint(region, (HEIGHT, WIDTH), method.grow)
        if found.mask is not None:
            covered[found.window] |= found.mask
    assert (result.image[~covered] == before[~covered]).all()
    assert ((result.image == output) | (result.image == 0)).all(-1)[covered].all()
    assert result.restored == (output != before).any(-1)[~covered].sum()


@pytest.mark.parametrize("missed_is_smaller", [True, False])
def test_a_missed_person_half_behind_a_replaced_one_is_masked_out(missed_is_smaller: bool) -> None:
    """Whichever of the two the frame works on first."""
    before = smooth(1)
    front, behind = (
        Region(np.array([20.0, 5, 50, 45])),
        Region(np.array([10.0, 5, 40, 40 if missed_is_smaller else 48])),
    )
    bottom = int(behind.box[3])
    output = before.copy()
    output[5:45, 20:50] = 255 - output[5:45, 20:50]
    result = anonymize(METHODS.create("external", {"command": command()}), before, [behind, front], made=output)
    assert result.fallbacks == {"output_unchanged": 1} and result.restored == 0
    assert (result.image[5:bottom, 10:40] == 0).all()
    assert (result.image[5:45, 40:50] == output[5:45, 40:50]).all()


@pytest.mark.parametrize("wrong", [np.zeros((HEIGHT, WIDTH), np.uint8), np.zeros((HEIGHT, WIDTH, 3))])
def test_an_image_of_another_form_is_not_taken(wrong: np.ndarray) -> None:
    result = anonymize(METHODS.create("external", {"command": command()}), smooth(1), [Region(BOX)], made=wrong)
    assert result.fallbacks == {"output_wrong_shape": 1} and (result.image[ONE] == 0).all()


def test_without_its_command_nothing_is_visible() -> None:
    result = anonymize(METHODS.create("external", {"command": command()}), smooth(1), [Region(BOX)])
    assert result.fallbacks == {"output_missing": 1} and (result.image[ONE] == 0).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_masks_are_described_exactly(seed: int) -> None:
    mask = np.random.default_rng(seed).random((13, 17)) < 0.4
    mask[0, 0] = seed % 2
    region = Region(np.array([2.0, 3, 9, 9]), mask if mask.any() else None)
    found = footprint(region, mask.shape, lambda side: 0)
    record = json.loads(json.dumps(describe(region, found, mask.shape)))
    assert (decoded(record["mask"]) == mask).all()


def test_changing_a_file_of_the_command_changes_its_identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tools").mkdir()
    script = tmp_path / "tools" / "my tool.py"
    script.write_text("1")
    (tmp_path / "weights.bin").write_bytes(b"w")
    words = [sys.executable, "tools/my tool.py", "--weights=weights.bin", "tools", "--steps", 50, "x" * 5000, ""]
    first = file_digests(words)
    assert sorted(first) == ["tools/my tool.py", "weights.bin"]
    script.write_text("2")
    second = file_digests(words)
    assert first["tools/my tool.py"] != second["tools/my tool.py"] and first["weights.bin"] == second["weights.bin"]
    assert file_digests([str(script)]).keys() == {str(script)}


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"command": ["tool", "{images}"]}, "lacks {output}"),
        ({"command": ["tool", "{output}"]}, "lacks {images}"),
        ({"command": ["tool", "{image}", *WORDS]}, "no placeholder {image}"),
        ({"command": ["tool", {"images": None}, "{output}"]}, "quote the placeholder: '{images}'"),
        ({"command": "tool {images} {output}"}, "command"),
        ({"command": []}, "command"),
        ({"command": ["tool", *WORDS, "a\0b"]}, "zero byte"),
        ({"command": ["tool", *WORDS], "timeout": 0}, "timeout"),
        ({"command": ["tool", *WORDS], "shell": True}, "shell"),
    ],
)
def test_mistakes_are_named(params: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=re.escape(named)):
        level_config("tool", params, "body")


def test_numbers_and_other_braces_are_words() -> None:
    method = METHODS.create("external", {"command": ["tool", *WORDS, 50, 0.5, '{"steps": 3}']})
    assert method.config.command[-3:] == ["50", "0.5", '{"steps": 3}']


def test_a_tool_has_any_name_but_a_built_in_ones() -> None:
    assert plugin_of("tool", {"command": command()}) == plugin_of("external", {"command": command()}) == "external"
    with pytest.raises(UserError, match="blur is a built-in method"):
        level_config("blur", {"command": command()}, "body")
    with pytest.raises(UserError, match="name the `command`"):
        level_config("tool", {"grow": 0.1}, "body")


def test_the_tool_does_not_find_this_projects_modules(making: Making, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}/somewhere/else")
    tool = "import os; print('PYTHONPATH=' + os.environ['PYTHONPATH']); raise SystemExit(4)"
    with pytest.raises(UserError, match="PYTHONPATH=/somewhere/else\n"):
        run(making, [sys.executable, "-c", tool, *WORDS])
