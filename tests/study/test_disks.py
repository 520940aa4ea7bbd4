"""A disk that is full or read-only, in every stage: one sentence, nothing half-written, and a plain re-run goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from anonbench.common import files
from anonbench.common.errors import UserError
from anonbench.common.faults import explained
from anonbench.common.records import write_record
from anonbench.config.cells import Cell
from anonbench.config.regions import RegionsConfig
from anonbench.config.statistics import StatisticsConfig
from anonbench.config.weights import WeightsConfig
from anonbench.datasets.prepare import prepare
from anonbench.evaluate.cell import write_cell
from anonbench.evaluate.score import score_cell
from anonbench.models.predictions import write_predictions
from anonbench.models.train import train
from anonbench.models.weights import fetch_weights
from anonbench.regions.build import build_regions
from anonbench.report.audit import audit_table
from anonbench.report.drops import drop_table
from anonbench.report.main_table import Outputs, write_summary
from anonbench.report.risk.table import privacy_table
from anonbench.report.summary import summarize
from tests.helpers import people, toysplit
from tests.helpers.converted import made_format
from tests.helpers.interrupted import training
from tests.helpers.scored import random_data
from tests.helpers.small_disk import SmallDisk, small_disk  # noqa: F401
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

pytestmark = pytest.mark.slow

Stage = Callable[[Path, Path], None]  # makes its outputs in one folder; its inputs are, or are made, in another one
UNFINISHED = ("work", "snapshots")  # where trainings keep what they resume from


def dataset(out: Path, inputs: Path) -> None:
    scenes = made_format("scenes", splits={"train": 3, "val": 1}, width=96, height=64, seed=1)
    prepare(scenes, "train", {}, out / "images", out / "train.json", "drawn")


def regions(out: Path, inputs: Path) -> None:
    split = toysplit.write_split(inputs / "split")
    write_record(out / "body.json", build_regions(*split, "body", RegionsConfig()))


def variant(out: Path, inputs: Path) -> None:
    rng = np.random.default_rng(0)
    places = [people.person(50, 10, 70)]
    found = [(f"{number}.png", people.picture(places, rng), places) for number in range(3)]
    Making(**write_split(inputs, found), root=out).make(recipe("mask_out", grow=0.02))


def generator(out: Path, inputs: Path) -> None:
    people.train(people.write_people(inputs, images=2), out, "context_encoder", epochs=2, snapshot_every=1)


def weights(out: Path, inputs: Path) -> None:
    inputs.mkdir(exist_ok=True)
    torch.save({"a": torch.arange(50_000.0)}, inputs / "w.pth")
    config = {"url": "https://example.org/w.pth", "file": str(inputs / "w.pth")}
    fetch_weights(WeightsConfig(sha256=files.sha256_file(inputs / "w.pth"), **config), out / "w.safetensors")


def model(out: Path, inputs: Path) -> None:
    asked = training(toysplit.write_split(inputs / "split", images=4), inputs / "model")
    train(asked.model_copy(update={"out_dir": out}))


def predictions(out: Path, inputs: Path) -> None:
    write_predictions(out / "original.json.gz", random_data(np.random.default_rng(0), images=60)[1])


def cell(out: Path, inputs: Path) -> None:
    truth, found = random_data(np.random.default_rng(0))
    write_cell(out / "cell.json", score_cell(Cell("d", "m", "original", 0, "original"), truth, found, ["detection"]))


def report(out: Path, inputs: Path) -> None:
    truth, found = random_data(np.random.default_rng(0))
    scores = score_cell(Cell("d", "m", "original", 0, "original"), truth, found, ["detection"])
    files = Outputs(*(out / name for name in ("summary.csv", "drops.csv", "privacy.csv", "audit.csv", "summary.md")))
    nothing = drop_table([], {}.get, StatisticsConfig(), lambda method: False)
    write_summary(summarize([scores]), nothing, privacy_table([], [], StatisticsConfig()), audit_table([]), files)


KB, MB = 1000, 1_000_000
# How many bytes are free in one attempt after another.
STAGES: dict[Stage, tuple[int, ...]] = {
    dataset: (0, 8 * KB, 16 * KB),
    regions: (0,),
    variant: (0, 8 * KB, 16 * KB),
    generator: (0, 16 * KB, 300 * KB, 2 * MB),
    weights: (0, 50 * KB),
    model: (0, 8 * KB, 10 * MB, 60 * MB),
    predictions: (0, 4 * KB),
    cell: (0,),
    report: (0, 4 * KB),
}


def results(folder: Path) -> dict[str, bytes]:
    """What counts as a result below a folder, by name."""
    found = {str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if name.split("/")[0] not in UNFINISHED}


@pytest.fixture(params=STAGES, ids=lambda stage: stage.__name__)
def stage(request) -> Stage:
    return request.param


def told(stage: Stage, out: Path, inputs: Path) -> UserError:
    with pytest.raises(Exception) as raised:
        stage(out, inputs)
    error = explained(raised.value)
    assert error is not None, raised.value
    return error


def test_a_full_disk_is_told_with_path_and_space_and_then_the_stage_goes_on(
    stage: Stage,
    small_disk: SmallDisk,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage(tmp_path / "undisturbed", tmp_path / "inputs")
    expected = results(tmp_path / "undisturbed")
    assert expected
    out = small_disk.path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(files, "require_space", lambda *given: None)  # the space was there when the stage began
        for module in ("anonbench.anonymize.shard", "anonbench.datasets.common_form"):
            patch.setattr(f"{module}.require_space", lambda *given: None)
        for free in STAGES[stage]:
            small_disk.fill(free)
            error = told(stage, out, tmp_path / "inputs")
            assert "No space left on device (" in error.problem and "MB are free in" in error.problem
            assert error.problem.startswith(f"{small_disk.path}/")
            assert error.fix.startswith("Free some space and run again")
            left = results(out)
            assert all(left[name] == expected.get(name) for name in left)
            assert left != expected
    small_disk.empty()
    stage(out, tmp_path / "inputs")
    assert results(out) == expected


def test_a_read_only_disk_is_told_with_the_path_and_then_the_stage_goes_on(
    stage: Stage,
    small_disk: SmallDisk,  # noqa: F811
    tmp_path: Path,
) -> None:
    small_disk.remount("ro")
    error = told(stage, small_disk.path / "out", tmp_path / "inputs")
    assert error.problem.startswith(f"{small_disk.path}/out")
    assert error.problem.endswith("cannot be read or written: Read-only file system.")
    assert not small_disk.files()
    small_disk.remount("rw")
    stage(small_disk.path / "out", tmp_path / "inputs")
    assert results(small_disk.path / "out")
