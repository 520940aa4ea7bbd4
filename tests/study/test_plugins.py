"""A user's plug-in of every kind, in a folder of the study, through the workflow; no file of the project is touched."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from PIL import Image

from anonbench.common.files import write_text
from anonbench.common.root import ROOT
from anonbench.variants.variant_images import VariantFiles, VariantImages
from tests.study.test_folders import snakemake

pytestmark = pytest.mark.slow

EXAMPLES = re.findall(r"```python\n# (my_plugins/\S+)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL)
STUDY = {"datasets": ["shop"], "models": ["det"], "regions": ["body"]}
CONFIG = {
    "plugins": ["my_plugins"],
    "datasets": {"shop": {"format": "box_csv", "folder": "data"}},
    "methods": {
        "checkerboard": {"coarse": {"squares": 3}},
        "gan": {"one_layer": {"kind": "one_layer", "grow": 0.0, "coarseness": 0.0}},
    },
    "generators": {
        "one_layer_body": {
            "kind": "one_layer", "region": "body", "learns": {"dataset": "shop"}, "serves": ["shop"],
            "width": 32, "height": 64, "channels": 3, "epochs": 1, "batch": 2,
        }
    },
    "models": {
        "det": {"config": "config/models/mask-rcnn_mobilenetv2_toy.py", "tasks": ["detection", "large_detection"]}
    },
    "study": [
        STUDY | {"methods": ["checkerboard"], "levels": ["coarse"]},
        STUDY | {"methods": ["gan"], "levels": ["one_layer"]},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of the plug-ins of CONTRIBUTING.md on drawn people."""
    folder = tmp_path_factory.mktemp("study")
    for name, code in EXAMPLES:
        write_text(folder / name, code)
    rng = np.random.default_rng(0)
    (folder / "data").mkdir()
    for split, images in (("train", 6), ("val", 3)):
        lines = []
        for number in range(images):
            pixels = rng.integers(80, 120, (160, 200, 3), dtype=np.uint8)
            x, y = int(rng.integers(5, 90)), int(rng.integers(5, 30))
            pixels[y : y + 110, x : x + 90] = (200, 60, 60)
            Image.fromarray(pixels).save(folder / "data" / f"{split}{number}.png")
            lines.append(f"{split}{number}.png,{x},{y},90,110\n")
        (folder / "data" / f"{split}.csv").write_text("".join(lines))
    (folder / "my.yaml").write_text(yaml.safe_dump(CONFIG))
    run(folder)
    return folder


def run(folder: Path, *options: str) -> str:
    """What Snakemake prints for the study."""
    snakefile, config = str(ROOT / "Snakefile"), str(folder / "my.yaml")
    target = "results/summary.csv"
    return snakemake(folder, "--snakefile", snakefile, target, *options, "--configfile", config)


def test_each_has_its_rows_in_the_summary(study: Path) -> None:
    summary = pd.read_csv(study / "results/summary.csv")
    assert set(summary.method) == {"original", "checkerboard", "gan"}
    assert set(summary.task) == {"detection", "large_detection"}
    counted = summary[(summary.metric == "counted") & (summary.scope == "all")]
    assert set(counted.task) == {"detection", "large_detection"} and counted.value.between(0, 1).all()


def test_the_method_and_the_generator_made_the_images(study: Path) -> None:
    folder = study / "resources/variants/shop/train"
    manifest = json.loads((folder / "body-checkerboard-coarse/manifest.json").read_text())
    assert manifest["audit"]["changed"] == 6 and not manifest["audit"]["masked_out"]
    name, x, y, w, h = (study / "data/train.csv").read_text().splitlines()[0].split(",")
    manifest = folder / "body-checkerboard-coarse/manifest.json"
    made = VariantImages(
        VariantFiles(manifest=manifest, originals=study / "resources/datasets/shop/images/train")
    ).read(name)
    assert set(np.unique(made[int(y) : int(y) + int(h), int(x) : int(x) + int(w)])) == {0, 255}
    log = json.loads((study / "resources/generators/one_layer_body/log.json").read_text())
    assert set(log["snapshots"][-1]["losses"]) == {"l1"}


def test_a_change_of_a_plugin_runs_its_own_chain_again(study: Path) -> None:
    assert "Nothing to be done" in run(study, "--dry-run")
    method = study / "my_plugins/methods/checkerboard.py"
    text = method.read_text()
    method.write_text(text.replace("255)[", "254)["))
    try:
        printed = run(study, "--dry-run")
    finally:
        method.write_text(text)
    jobs = set(re.findall(r"^(?:local)?rule (\w+):$", printed, re.MULTILINE))
    assert jobs == {"anonymize_shard", "compose_variant", "train_model", "predict", "score", "resample", "summarize"}
    assert "gan-one_layer" not in "".join(re.findall(r"output: .*", printed))


def test_a_wrong_name_is_answered_with_the_nearest_plugin(study: Path) -> None:
    config = study / "my.yaml"
    text = config.read_text()
    config.write_text(text.replace("format: box_csv", "format: box_csw"))
    try:
        with pytest.raises(AssertionError, match="there is no dataset format 'box_csw'. Did you mean 'box_csv'?"):
            run(study, "--dry-run")
    finally:
        config.write_text(text)
