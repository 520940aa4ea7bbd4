"""Pictures of the report: real edits, put back; never an original in place of what was anonymized."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from anonbench.common.errors import UserError
from anonbench.regions.region import Region
from anonbench.report import pictures
from anonbench.report.pictures import gallery, generator_sheet, training_curve
from anonbench.variants.variant_images import VariantFiles
from tests.helpers.split import write_split
from tests.helpers.variants import Making, recipe

HEIGHT, WIDTH = 60, 90


def pixels(source: str) -> np.ndarray:
    """A data URI's image, (height, width, 3) RGB."""
    head, _, data = source.partition(",")
    assert head == "data:image/webp;base64"
    return cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.fixture
def variants(tmp_path: Path) -> dict[str, VariantFiles]:
    """Two variants of six images, of which the last one shows nobody; image n has n + 1 people."""
    image = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    people = []
    for number in range(6):
        regions = []
        for place in range(number + 1 if number < 5 else 0):
            mask = np.zeros((HEIGHT, WIDTH), bool)
            mask[10:50, 5 + 16 * place : 15 + 16 * place] = True
            regions.append(Region(np.array([5.0 + 16 * place, 10, 15 + 16 * place, 50]), mask))
        people.append((f"{number}.png", image, regions))
    split = write_split(tmp_path, people)
    made = {}
    for name, color in (("body-mask_out-low", [0, 0, 0]), ("body-mask_out-high", [90, 90, 90])):
        making = Making(**split, root=tmp_path / name, variant=name)
        making.make(recipe("mask_out", grow=0.0, color=color))
        made[name] = VariantFiles(manifest=making.manifest, originals=making.images_dir)
    return made


def test_images_are_before_and_after_each_variant(variants: dict[str, VariantFiles]) -> None:
    shown = gallery("toy", True, variants)
    assert [image.name for image in shown.images] == ["2.png", "1.png", "3.png"]  # closest to three people
    first = shown.images[0]
    assert (first.width, first.height) == (WIDTH, HEIGHT)
    assert [pair.variant for pair in first.after] == ["body-mask_out-low", "body-mask_out-high"]
    person, street = (30, 10), (5, 40)
    before, (low, high) = pixels(first.source), (pixels(pair.source) for pair in first.after)
    for image, expected in ((before, 200), (low, 0), (high, 90)):
        assert abs(int(image[person][0]) - expected) <= 6 and abs(int(image[street][0]) - 200) <= 6


def test_a_lost_edit_stops_the_report(variants: dict[str, VariantFiles]) -> None:
    (archive,) = variants["body-mask_out-low"].manifest.parent.glob("shards/*/edits.zip")
    archive.unlink()
    with pytest.raises(UserError, match="edits.zip"):
        gallery("toy", True, variants)


def test_large_images_are_scaled_down(monkeypatch: pytest.MonkeyPatch, variants: dict[str, VariantFiles]) -> None:
    monkeypatch.setattr(pictures, "SIDE", 45)
    first = gallery("toy", True, variants).images[0]
    assert (first.width, first.height) == (45, 30)
    assert pixels(first.source).shape == pixels(first.after[0].source).shape == (30, 45, 3)


def test_a_generator_is_its_sheet_and_its_log(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 12, 3), 77, np.uint8)).save(tmp_path / "samples.png")
    log = tmp_path / "log.json"
    log.write_text(json.dumps({"people": 5, "steps": 9, "snapshots": [{"epoch": 1}]}))
    sheet = generator_sheet("g", tmp_path / "samples.png", log)
    assert (sheet.people, sheet.steps, sheet.snapshots) == (5, 9, [{"epoch": 1}])
    assert abs(int(pixels(sheet.source)[4, 4, 0]) - 77) <= 4
    assert sheet.photographs == "" and generator_sheet("g", tmp_path / "samples.png", log, hide=True) == sheet
    real = generator_sheet("g", tmp_path / "samples.png", log, "ped")
    assert real.photographs == "ped" and real.source == sheet.source
    hidden = generator_sheet("g", tmp_path / "samples.png", log, "ped", hide=True)
    assert hidden.source == "" and hidden.people == 5
    log.write_text("{}")
    with pytest.raises(UserError, match="log.json is not the log of a generator"):
        generator_sheet("g", tmp_path / "samples.png", log)


def test_a_training_curve_is_means_over_equal_stretches(tmp_path: Path) -> None:
    scalars = tmp_path / "scalars.json"
    lines = [{"epoch": 1, "loss": loss} for loss in (4.0, 2.0, 1.0, 0.0)] + [{"step": 9, "coco/bbox_mAP": 0.3}]
    scalars.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert training_curve(scalars, points=2) == [(2, 3.0), (4, 0.5)]
    assert len(training_curve(scalars)) == 4
    scalars.write_text("")
    assert training_curve(scalars) == []
    scalars.write_text("{broken")
    with pytest.raises(UserError, match="scalars.json cannot be read"):
        training_curve(scalars)
