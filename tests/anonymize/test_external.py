"""A user's own command: what it is given, what of its output is kept, and how its failures end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonbench.anonymize.outside.accept import accept
from anonbench.anonymize.outside.exchange import describe
from anonbench.anonymize.outside.identity import file_digests
from anonbench.anonymize.registry import check_params, create, module_of
from anonbench.anonymize.variant import write_shard, write_variant
from anonbench.anonymize.worklist import deal, work_of, write_lists
from anonbench.common.errors import UserError
from anonbench.common.files import read_json, sha256_file
from anonbench.common.images import decode
from anonbench.regions.footprint import footprint
from anonbench.regions.region import Region
from tests.helpers.outside_tool import decoded
from tests.helpers.split import write_split

ROOT = Path(__file__).resolve().parents[2]
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
def split(tmp_path: Path) -> dict[str, Any]:
    """Five images, one of them without and one with an invisible region, as the arguments of `write_variant`."""
    people = []
    for index, name in enumerate(NAMES):
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[10:40, 20:40] = True
        found = {
            "empty.jpg": [],
            "far.png": [Region(np.array([900.0, 900, 990, 990]))],
            "two.png": [Region(BOX), Region(np.array([44.0, 4, 60, 30]), keypoints=KEYPOINTS)],
        }.get(name, [Region(BOX, mask, annotation_id=index)])
        people.append((name, smooth(index), found))
    return {
        **write_split(tmp_path, people, keypoint_names=["nose", "tail"]),
        "out_dir": tmp_path / "out" / "images",
        "manifest": tmp_path / "out" / "manifest.json",
        "dataset": "toy",
        "split": "train",
        "variant": "body-inverter-medium",
        "method": "inverter",
        "seed": 3,
        "workers": 1,
        "log_file": tmp_path / "logs" / "job.log",
    }


def write(split: dict[str, Any], mode: str = "", **params: Any) -> dict[str, Any]:
    """Write the variant with the tool in that mode; the manifest."""
    write_variant(**split, params={"command": command(mode), **params})
    return read_json(split["manifest"])


def image(split: dict[str, Any], name: str) -> np.ndarray:
    return decode(split["out_dir"] / name)


def original(split: dict[str, Any], name: str) -> np.ndarray:
    return decode(split["originals"].parent / "images" / name)


def inside(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    for x1, y1, x2, y2 in boxes:
        mask[y1:y2, x1:x2] = True
    return mask


ONE = inside((20, 10, 40, 40))


def left_over(split: dict[str, Any]) -> list[Path]:
    folder = split["out_dir"].parent
    return [path for path in folder.glob("*") if path.name not in ("images", "manifest.json")]


def test_regions_are_replaced_and_the_rest_stays(split: dict[str, Any]) -> None:
    manifest = write(split)
    before, after = original(split, "a.png"), image(split, "a.png")
    assert (after[ONE] == 255 - before[ONE]).all() and (after[~ONE] == before[~ONE]).all()
    both = ONE | inside((44, 4, 60, 30))
    assert (image(split, "two.png")[both] == 255 - original(split, "two.png")[both]).all()
    jpeg = image(split, NAMES[1]).astype(int)
    assert np.abs(jpeg - (255 - original(split, NAMES[1])))[inside((24, 14, 36, 36))].max() < 9
    counts = {"images": 5, "linked": 1, "regions": 5, "fallbacks": {"outside": 1}, "restored_pixels": 0}
    assert manifest["counts"] == counts
    assert manifest["method"] == "inverter" and manifest["params"]["command"] == command()
    assert [entry["file_name"] for entry in manifest["images"]] == NAMES
    assert not left_over(split)
    assert "seed 3, mode" in split["log_file"].read_text()


def test_result_does_not_depend_on_the_number_of_workers(split: dict[str, Any]) -> None:
    one = write(split, "outside")
    split["workers"] = 2
    assert write(split, "outside") == one


def test_a_changed_surrounding_is_put_back_and_counted(split: dict[str, Any]) -> None:
    manifest = write(split, "outside")
    for name in ("a.png", "two.png"):
        mask = ONE | inside((44, 4, 60, 30)) if name == "two.png" else ONE
        assert (image(split, name)[~mask] == original(split, name)[~mask]).all()
        assert (image(split, name)[mask] == 255 - original(split, name)[mask]).all()
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
        ("16 bit", "output_unreadable"),
        ("transparent", "output_unreadable"),
        ("bulky", "output_unreadable"),
        ("link", "output_unreadable"),
        ("folder", "output_unreadable"),
        ("pipe", "output_unreadable"),
    ],
)
def test_what_cannot_be_trusted_is_masked_out_and_counted(split: dict[str, Any], mode: str, reason: str) -> None:
    manifest = write(split, mode)
    assert manifest["counts"]["fallbacks"] == {"outside": 1, reason: 1}
    before, after = original(split, "a.png"), image(split, "a.png")
    assert (after[ONE] == 0).all() and (after[~ONE] == before[~ONE]).all()
    assert (image(split, "two.png")[ONE] == 255 - original(split, "two.png")[ONE]).all()


def test_no_folder_that_is_a_link_is_entered(split: dict[str, Any]) -> None:
    manifest = write(split, "linked folder")
    assert manifest["images"][1]["fallbacks"] == {"output_unreadable": 1}


def test_the_threshold_decides_what_counts_as_unchanged(split: dict[str, Any]) -> None:
    assert write(split, "nearly", least_change=0.5)["counts"]["fallbacks"] == {"outside": 1}


def test_a_tool_that_writes_in_place_reaches_no_original(split: dict[str, Any]) -> None:
    before = {name: sha256_file(split["originals"].parent / "images" / name) for name in NAMES}
    write(split, "in place")
    assert {name: sha256_file(split["originals"].parent / "images" / name) for name in NAMES} == before


def test_a_tool_that_writes_nothing_is_a_mistake(split: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"wrote none of the 3 images(.|\n)*mode nothing"):
        write(split, "nothing")
    assert not split["manifest"].exists() and not left_over(split)


def test_files_that_no_image_is_called_are_told(split: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    write(split, "strange")
    assert "1 files that no image is called, such as 'a.txt'" in caplog.text


def test_a_crash_fails_the_job_with_the_tools_last_words(split: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=rf"ended with status 1(.|\n)*out of memory(.|\n)*{split['log_file'].name}"):
        write(split, "crash")
    assert not split["out_dir"].exists() and not left_over(split)


def test_a_program_that_does_not_exist_is_named(split: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="status 127(.|\n)*no-such-program: No such file"):
        write_variant(**split, params={"command": ["no-such-program", *WORDS]})


def has_ended(pid: int) -> bool:
    """Whether a process ends within 5 s; where nobody reaps orphans, it stays as a zombie."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_a_timeout_ends_the_tool_and_what_it_started(
    split: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOL_PIDS", str(tmp_path / "pids"))
    with pytest.raises(UserError, match="took longer than 2 s"):
        write(split, "sleep", timeout=2)
    assert has_ended(int((tmp_path / "pids").read_text()))
    assert not split["out_dir"].exists() and not left_over(split)


KILLED = """
import sys
from pathlib import Path
from anonbench.anonymize.variant import write_variant
args = dict(eval(sys.argv[1]))
args |= {key: Path(args[key]) for key in ("originals", "regions", "out_dir", "manifest", "log_file")}
write_variant(**args)
"""


def test_a_killed_job_takes_the_tool_with_it(split: dict[str, Any], tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    args = {key: str(value) if isinstance(value, Path) else value for key, value in split.items()}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, repr({**args, "params": {"command": command("sleep")}})],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TOOL_PIDS": str(pids)},
        stderr=subprocess.DEVNULL,
    )
    while not (pids.exists() and pids.read_text()) and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert has_ended(int(pids.read_text()))
    assert not split["out_dir"].exists() and not split["manifest"].exists()
    write(split)
    assert not left_over(split)


def test_a_tool_is_told_what_a_built_in_method_gets(split: dict[str, Any], tmp_path: Path) -> None:
    copy = "import shutil, sys; shutil.copytree(sys.argv[1], sys.argv[4]); shutil.copytree(sys.argv[2], sys.argv[5])"
    kept = [str(tmp_path / "kept images"), str(tmp_path / "kept regions")]
    tool = f"{copy}; shutil.copytree(sys.argv[1], sys.argv[3], dirs_exist_ok=True)"
    params = {"command": [sys.executable, "-c", tool, "{images}", "{regions}", "{output}", *kept], "grow": 0.1}
    write_variant(**split, params=params)
    images, regions = map(Path, kept)
    given = ["a.png", NAMES[1], "two.png"]
    found = [sorted(str(p.relative_to(kept)) for p in kept.rglob("*.*")) for kept in (images, regions)]
    assert found == [given, [f"{name}.json" for name in given]]
    for name in given:
        assert (images / name).read_bytes() == (split["originals"].parent / "images" / name).read_bytes()
    told = read_json(regions / "two.png.json")
    assert {key: told[key] for key in ("version", "file_name", "width", "height", "region", "keypoint_names")} == {
        "version": 1, "file_name": "two.png", "width": 64, "height": 48, "region": "body",
        "keypoint_names": ["nose", "tail"],
    }  # fmt: skip
    first, second = told["regions"]
    assert first["box"] == [20, 10, 20, 30] and first["keypoints"] is None
    assert second["box"] == [44, 4, 16, 26] and second["keypoints"] == [50, 9, 2, 1, 1, 0]
    assert (decoded(first["outline"]) == ONE).all()
    assert decoded(first["mask"])[7, 30] and not decoded(first["mask"])[6, 30]  # 30 px grow by 3
    seeds = {read_json(regions / f"{name}.json")["seed"] for name in given}
    assert len(seeds) == 3


def test_a_shard_runs_the_command_over_its_own_images(split: dict[str, Any], tmp_path: Path) -> None:
    whole = write(split)
    lists = deal(work_of(split["originals"], split["regions"], "toy", "train"), 2)
    write_lists(lists, tmp_path / "lists", tmp_path / "lists.json")
    entries = []
    for shard in (1, 2):
        write_shard(
            work=tmp_path / "lists" / f"{shard}.json",
            originals=split["originals"],
            out_dir=tmp_path / f"shard{shard}" / "images",
            manifest=tmp_path / f"shard{shard}" / "manifest.json",
            method="inverter",
            params={"command": command()},
            seed=3,
            workers=1,
            log_file=tmp_path / "shard.log",
        )
        entries += read_json(tmp_path / f"shard{shard}" / "manifest.json")["images"]
    assert entries == [entry for entry in whole["images"] if entry["regions"]]


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
    growth = create("tool", {"command": command(), "grow": grow}).grow
    result = accept(before, regions, output, growth, 6.0)
    covered = np.zeros((HEIGHT, WIDTH), bool)
    for region in regions:
        print_ = footprint(region, (HEIGHT, WIDTH), growth)
        if print_.mask is not None:
            covered[print_.window] |= print_.mask
    assert (result.image[~covered] == before[~covered]).all()
    assert ((result.image == output) | (result.image == 0)).all(-1)[covered].all()
    assert result.restored == (output != before).any(-1)[~covered].sum()


def test_a_missed_person_half_behind_a_replaced_one_is_masked_out() -> None:
    before = smooth(1)
    front, behind = Region(np.array([20.0, 5, 50, 45])), Region(np.array([10.0, 5, 40, 45]))
    output = before.copy()
    output[5:45, 20:50] = 255 - output[5:45, 20:50]
    result = accept(before, [behind, front], output, lambda side: 0, 6.0)
    assert result.fallbacks == {"output_unchanged": 1}
    assert (result.image[5:45, 10:40] == 0).all()
    assert (result.image[5:45, 40:50] == output[5:45, 40:50]).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_masks_are_told_exactly(seed: int) -> None:
    mask = np.random.default_rng(seed).random((13, 17)) < 0.4
    mask[0, 0] = seed % 2
    region = Region(np.array([2.0, 3, 9, 9]), mask if mask.any() else None)
    print_ = footprint(region, mask.shape, lambda side: 0)
    told = json.loads(json.dumps(describe(region, print_, mask.shape)))
    assert (decoded(told["mask"]) == mask).all()


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
        check_params("tool", params)


def test_numbers_and_other_braces_are_words() -> None:
    method = create("tool", {"command": ["tool", *WORDS, 50, 0.5, '{"steps": 3}']})
    assert method.params.command[-3:] == ["50", "0.5", '{"steps": 3}']


def test_a_tool_has_any_name_but_a_built_in_ones() -> None:
    assert module_of("tool", {"command": command()}) == module_of("external", {"command": command()}) == "external"
    with pytest.raises(UserError, match="blur is a built-in method"):
        check_params("blur", {"command": command()})
    with pytest.raises(UserError, match="name the `command`"):
        check_params("tool", {"grow": 0.1})


def test_the_tool_does_not_find_this_projects_modules(split: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}/somewhere/else")
    tool = "import os; print('PYTHONPATH=' + os.environ['PYTHONPATH']); raise SystemExit(4)"
    with pytest.raises(UserError, match="PYTHONPATH=/somewhere/else\n"):
        write_variant(**split, params={"command": [sys.executable, "-c", tool, *WORDS]})
