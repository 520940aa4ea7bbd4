"""The plug-ins of CONTRIBUTING.md, as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import yaml

from anonbench.anonymize.frame import anonymize
from anonbench.common.files import read_json, write_bytes
from anonbench.common.images import encode
from anonbench.common.plugins import use_folders
from anonbench.common.root import ROOT
from anonbench.config.config import Config, read_config, with_defaults
from anonbench.config.plugins import FORMATS, KINDS, METHODS
from anonbench.datasets.prepare import prepare
from anonbench.evaluate.score import score
from anonbench.regions.region import Region
from tests.helpers.people import split_of, write_people
from tests.helpers.scored import annotation, dataset

TEXT = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder that holds `my_plugins`."""
    root = tmp_path_factory.mktemp("study")
    for name, code in re.findall(r"```python\n# (my_plugins/\S+)\n(.*?)```", TEXT, re.DOTALL):
        write_bytes(root / name, code.encode())
    use_folders([str(root / "my_plugins")])
    yield root
    use_folders([])


@pytest.fixture
def config(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    """All YAML of the page at once, on top of the default."""
    monkeypatch.chdir(folder)
    raw = {"plugins": ["my_plugins"], "methods": {}}
    for text in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL):
        block = yaml.safe_load(text)
        raw["methods"] |= block.pop("methods", {})
        raw |= block
    return read_config(with_defaults(raw, ROOT / "config" / "config.yaml"))


def test_every_kind_of_plugin_has_an_example(folder: Path) -> None:
    assert {path.name for path in (folder / "my_plugins").iterdir()} == {
        "figures",
        "formats",
        "kinds",
        "methods",
        "metrics",
        "tasks",
    }


def test_the_method_fills_regions_with_squares(config: Config) -> None:
    method = METHODS.create("checkerboard", config.method_config("checkerboard", "medium", "body"))
    image = np.full((60, 60, 3), 100, np.uint8)
    made = anonymize(method, image, [Region(np.array([10.0, 10, 40, 50]))]).image
    inside = made[10:50, 10:40]
    assert set(np.unique(inside)) == {0, 255} and (made[:10] == 100).all() and (made[:, 40:] == 100).all()
    assert (inside[0, :6] == inside[0, 0]).all() or (inside[:6, 0] == inside[0, 0]).all()


def test_the_format_reads_boxes(config: Config, folder: Path, tmp_path: Path) -> None:
    write_bytes(tmp_path / "a b.png", encode(np.zeros((20, 30, 3), np.uint8), ".png"))
    (tmp_path / "val.csv").write_text("a b.png,1,2,3,4\na b.png,5,6,7,8\n")
    settings = config.datasets["shop"].model_copy(update={"folder": str(tmp_path)})
    out = tmp_path / "out"
    prepare(FORMATS.create("box_csv", settings), "val", {}, out / "images", out / "val.json", "shop")
    written = read_json(out / "val.json")
    assert [record["bbox"] for record in written["annotations"]] == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert [image["file_name"] for image in written["images"]] == ["a b.png"]


def test_the_task_and_the_metric_are_scored(config: Config) -> None:
    assert config.models["mask-rcnn_demo"].tasks == ["detection", "large_detection"]
    large, small = [10.0, 10, 100, 100], [120.0, 10, 20, 20]
    truth = dataset([annotation(1, 1, 9, large), annotation(2, 1, 9, small), annotation(3, 2, 9, small)], images=(1, 2))
    found = [{"image_id": 1, "category_id": 9, "score": 0.9, "bbox": large}]
    scores = score(truth, {"bbox": found}, config.models["mask-rcnn_demo"].tasks)
    assert scores["large_detection"].metrics["AP"] == pytest.approx(1)
    assert scores["detection"].metrics["AP"] < 0.6
    # One image of two has as many large objects as are found, and none has as many objects: 2 and 1, but 1 and 0 found.
    assert scores["large_detection"].metrics["counted"] == 1
    assert scores["detection"].metrics["counted"] == 0


def test_the_kind_of_generator_learns(config: Config, folder: Path, tmp_path: Path) -> None:
    from anonbench.generators.train import train_generator

    settings = config.generators["one_layer_body"].model_copy(update={"batch": 4})
    files = write_people(tmp_path / "people")
    rest = {"device": "cpu", "precision": "float32", "threads": 1}
    train_generator(KINDS.create("one_layer", settings), [split_of(files)], out_dir=tmp_path / "out", **rest)
    log = read_json(tmp_path / "out" / "log.json")
    assert (tmp_path / "out" / "generator.safetensors").is_file() and "l1" in str(log)
