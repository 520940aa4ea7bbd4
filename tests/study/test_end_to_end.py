"""The main job on small data: what a user finds after one command."""

import json

import pandas as pd
import pytest


@pytest.fixture(scope="module")
def summary(finished):
    return pd.read_csv(finished.root / "results" / "summary.csv")


def test_every_cell_of_the_study_has_its_rows(summary):
    cells = summary.groupby(["dataset", "task", "model", "region", "method", "level", "seed", "evaluated_on"]).size()
    expected = {
        ("tiny", task, model, *variant, 0, "original")
        for task, model in (("detection", "det"), ("instance_segmentation", "det"), ("pose", "pose"))
        for variant in (
            ("none", "original", "none"),
            ("body", "blur", "medium"),
            ("body", "mask_out", "medium"),
        )
    }
    expected.add(("tiny", "pose", "pose", "body", "gan", "medium", 0, "original"))
    for task in ("detection", "instance_segmentation"):
        expected |= {("ped", task, "det", *v, 0, "original") for v in (("none", "original", "none"),)}
        expected |= {("ped", task, "det", "body", "mask_out", "medium", 0, "original")}
        expected |= {("own", task, "det", "none", "original", "none", 0, "original")}
        expected |= {("own", task, "det", "face", "pixelate", "high", 0, on) for on in ("original", "anonymized")}
    assert set(cells.index) == expected


def test_drop_is_baseline_minus_value(summary):
    defined = summary.dropna(subset=["value", "baseline"])
    assert len(defined)
    assert (defined["drop"] - (defined.baseline - defined.value)).abs().max() < 1e-12
    assert (summary[summary.method == "original"]["drop"].dropna() == 0).all()


def test_rows_say_how_many_images_and_instances_they_rest_on(finished, summary):
    val = json.loads((finished.root / "resources/datasets/own/annotations/val.json").read_text())
    rows = summary[(summary.dataset == "own") & (summary.category == "dog")]
    dog = next(c["id"] for c in val["categories"] if c["name"] == "dog")
    assert set(rows.images) == {len(val["images"])}
    assert set(rows.instances) == {sum(a["category_id"] == dog and not a["iscrowd"] for a in val["annotations"])}


def test_the_table_of_main_metrics_is_printed_and_written(finished):
    table = (finished.root / "results" / "summary.md").read_text()
    assert "### tiny: pose (pose)" in table
    assert table.strip() in finished.printed


def test_a_second_run_has_nothing_to_do(finished):
    result = finished.snakemake("results/summary.csv")
    assert result.returncode == 0
    assert "Nothing to be done" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("dataset", "variant"),
    [("tiny", "body-mask_out-medium"), ("tiny", "body-gan-medium"), ("own", "face-pixelate-high")],
)
def test_images_keep_their_names_and_people_do_not_keep_their_pixels(finished, dataset, variant):
    root = finished.root / "resources"
    manifest = json.loads((root / f"anonymized/{dataset}/train/{variant}/manifest.json").read_text())
    images = root / f"anonymized/{dataset}/train/{variant}/images"
    originals = root / f"datasets/{dataset}/images/train"
    assert [i["file_name"] for i in manifest["images"]] == [
        i["file_name"] for i in json.loads((root / f"datasets/{dataset}/annotations/train.json").read_text())["images"]
    ]
    for image in manifest["images"]:
        same = (images / image["file_name"]).read_bytes() == (originals / image["file_name"]).read_bytes()
        assert same == (image["regions"] == 0)
    assert any(image["regions"] for image in manifest["images"])


def test_a_generator_leaves_weights_samples_and_a_log(finished):
    folder = finished.root / "resources" / "gan" / "tiny_body"
    assert (folder / "generator.safetensors").stat().st_size > 10_000
    assert (folder / "samples.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "log.json").read_text())["snapshots"][-1]["quality"]["people"] > 0
