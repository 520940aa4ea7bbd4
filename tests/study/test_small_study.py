"""One small study, run for real: what a user finds after one command, and which jobs a change runs again.

Both stand in one file because they share the finished study, which one worker makes.
"""

import copy
import json
import os
import random
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from anonbench.common.images import decode
from anonbench.common.records import read_record
from anonbench.evaluate.cell import read_cell
from anonbench.evaluate.errors.record import CellErrors
from anonbench.evaluate.replicates import read_replicates
from anonbench.report.drops import read_drops
from anonbench.study.checks import load
from anonbench.study.jobs import Study
from anonbench.study.plan import plan
from anonbench.study.spent import Costs, gather, measured_units
from anonbench.variants.variant_images import VariantFiles, VariantImages
from tests.helpers.project import Project
from tests.helpers.tiny_archives import tiny_pennfudan

pytestmark = pytest.mark.slow

# What a user finds


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


def test_attackers_judge_the_variants_of_the_dataset_that_they_serve(finished, summary):
    privacy = pd.read_csv(finished.root / "results" / "privacy.csv")
    assert set(privacy.variant) == {"face-clear", "face-control", "face-pixelate-high"} and set(privacy.serves) == {
        "own"
    }
    rank1 = privacy[privacy.criterion == "rank1"].set_index("method")
    assert set(rank1.gallery) == {8} and set(rank1.identities) == {8} and set(rank1.probes) == {16}
    assert rank1.value["clear"] > rank1.value["control"] and rank1.excess["control"] == 0
    bounds = summary[summary.dataset == "own"].groupby("method").linkability.agg(["min", "max"])
    assert bounds.loc["pixelate"].tolist() == pytest.approx([rank1.excess_high["pixelate"]] * 2)
    assert summary[summary.dataset != "own"].linkability.isna().all()


@pytest.mark.parametrize(("model", "task", "metric"), [("det", "detection", "AR100"), ("pose", "pose", "PCK")])
def test_a_drop_is_what_the_variants_cell_lacks_of_the_originals(finished, summary, model, task, metric):
    cells = finished.root / "results" / "cells" / "tiny" / model
    original, blurred = (
        json.loads((cells / variant / "seed0" / "original.json").read_text())["tasks"][task]["metrics"][metric]
        for variant in ("original", "body-blur-medium")
    )
    rows = summary[(summary.dataset == "tiny") & (summary.task == task) & (summary.metric == metric)]
    rows = rows[rows.scope == "all"].set_index("method")
    assert rows.loc["blur", ["value", "baseline"]].tolist() == pytest.approx([blurred, original], rel=1e-12)
    assert rows.loc["blur", "drop"] == pytest.approx(original - blurred, abs=1e-12)
    assert rows.loc["original", "drop"] == 0
    assert original > 0


def test_the_table_of_drops_has_intervals_of_every_variant(finished, summary):
    drops = read_drops(finished.root / "results" / "drops.csv")
    keys = ["dataset", "task", "model", "region", "method", "level", "evaluated_on", "scope", "category", "metric"]
    changed = summary[(summary.method != "original") & summary.metric.isin(["AP", "PCK"])]
    both = changed.merge(drops, on=keys, suffixes=("", "_stated"), validate="one_to_one")
    assert len(both) == len(changed)
    for column in ("value", "baseline", "drop"):
        assert both[f"{column}_stated"].tolist() == pytest.approx(both[column].tolist(), abs=1e-9, nan_ok=True)
    known = both[both.value.notna() & (both["drop"] != 0)]
    assert len(known) and (known.low < known.high).all() and (known.seeds == 1).all()
    assert known.lower_bound.all() and set(known.verdict) == {""}


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
    manifest = json.loads((root / f"variants/{dataset}/train/{variant}/manifest.json").read_text())
    originals = root / f"datasets/{dataset}/images/train"
    files = VariantFiles(manifest=root / f"variants/{dataset}/train/{variant}/manifest.json", originals=originals)
    images = VariantImages(files)
    assert [i["file_name"] for i in manifest["images"]] == [
        i["file_name"] for i in json.loads((root / f"datasets/{dataset}/annotations/train.json").read_text())["images"]
    ]
    for image in manifest["images"]:
        same = (images.read(image["file_name"]) == decode(originals / image["file_name"])).all()
        assert same == (image["regions"] == 0)
    assert any(image["regions"] for image in manifest["images"])


RESAMPLES = "results/resamples/tiny/{}/body-blur-medium/seed0/original.npz"


@pytest.mark.parametrize(("model", "tasks"), [("det", {"detection", "instance_segmentation"}), ("pose", {"pose"})])
def test_a_cell_is_resampled(finished, model, tasks):
    target = RESAMPLES.format(model)
    result = finished.snakemake(target)
    assert result.returncode == 0, result.stdout + result.stderr
    found = read_replicates(finished.root / target)
    assert found.values.shape == (1000, len(found.columns))
    assert {column.task for column in found.columns} == tasks
    cell = read_cell(finished.root / target.replace("resamples", "cells").replace(".npz", ".json"))
    for task, scores in cell.tasks.items():
        stated = {column.metric: value for column, value in zip(found.columns, found.point, strict=True)
                  if (column.task, column.scope) == (task, "all")}  # fmt: skip
        expected = {metric: np.nan if value is None else value for metric, value in scores.metrics.items()}
        assert stated == pytest.approx(expected, abs=1e-12, nan_ok=True)


ERRORS = "results/errors/tiny/{}/body-blur-medium/seed0/original.json"


@pytest.mark.parametrize(("model", "tasks"), [("det", ["detection", "instance_segmentation"]), ("pose", ["pose"])])
def test_a_cells_errors_are_told(finished, model, tasks):
    result = finished.snakemake(ERRORS.format(model))
    assert result.returncode == 0, result.stdout + result.stderr
    found = read_record(CellErrors, finished.root / ERRORS.format(model))
    assert list(found.tasks) == tasks
    assert (found.dataset, found.model, found.variant, found.seed) == ("tiny", model, "body-blur-medium", 0)
    cell = read_cell(finished.root / ERRORS.format(model).replace("errors", "cells"))
    for task in tasks:
        assert found.tasks[task].judged > 0 and sum(error.count for error in found.tasks[task].errors.values()) > 0
        assert list(found.tasks[task].categories) == [
            name for name, scores in cell.tasks[task].categories.items() if scores.instances
        ]
        assert cell.tasks[task].strata["crowding"]


def test_a_generator_leaves_weights_samples_and_a_log(finished):
    folder = finished.root / "resources" / "generators" / "tiny_body"
    assert (folder / "generator.safetensors").stat().st_size > 10_000
    assert (folder / "samples.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "log.json").read_text())["snapshots"][-1]["quality"]["people"] > 0


def test_the_costs_of_all_jobs_are_summed_and_a_plan_agrees_with_them(finished, monkeypatch):
    result = finished.snakemake("costs")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (finished.root / "results" / "costs.md").read_text() in result.stdout
    monkeypatch.chdir(finished.root)
    costs = read_record(Costs, "results/costs.json")
    assert not costs.missing and sum(row.jobs for row in costs.spent) == len(Study(load(finished.merged())).jobs)
    assert all(row.wall > 0 and row.cpu > 0 and row.memory > 20e6 and row.disk > 0 for row in costs.spent)
    assert [machine.cores for machine in costs.machines] == [os.cpu_count()]
    assert costs.machines[0].torch == torch.__version__
    models = {row.about: row.disk for row in costs.spent if row.stage == "models"}
    folder = finished.root / "results" / "models"
    for name, disk in models.items():
        assert disk == sum(path.stat().st_size for path in folder.glob(f"*/{name}/**/*") if path.is_file())

    # The archive of `ped` is smaller than the official one that a plan takes it for.
    finished_config = copy.deepcopy(finished.merged())
    finished_config["study"] = [block for block in finished_config["study"] if block["datasets"] != ["ped"]]
    config = load(finished_config)
    took = sum(row.cpu for row in gather(config).spent)
    planned = plan(config, measured_units(config))
    assert 3600 * sum(stage.core_hours for stage in planned.stages) == pytest.approx(took, rel=0.15)
    assert not any(stage.unknown for stage in planned.stages)
    (finished.root / "results" / "costs.json").unlink()


def test_the_report_shows_the_whole_study(finished):
    result = finished.snakemake("results/report.html")
    assert result.returncode == 0, result.stdout + result.stderr
    results = finished.root / "results"
    page = (results / "report.html").read_text()
    assert "says why." not in page.partition("<nav")[0]
    assert page.count("data-scene>") == 3 + 3 + 2  # of the own dataset, two training images show a face
    for dataset, warned in (("tiny", False), ("ped", True), ("own", True)):
        assert (f"This file holds original photographs of {dataset}" in page) == warned
    assert "<h3>tiny_body</h3>" in page and "archive: PennFudanPed.zip" in page
    errors = pd.read_csv(results / "figures/errors-ped-detection-det.csv")
    assert set(errors.variant) == {"body · mask out · medium"} and len(errors) == 6
    assert (results / "errors/own/det/face-pixelate-high/seed0/anonymized.json").exists()
    worst = {path.parts[-3:-1] for path in (results / "figures/worst").rglob("*.jpg")}
    assert ("tiny-pose-pose", "body-gan-medium") in worst
    kept = {str(path.relative_to(results / "contrasts")) for path in (results / "contrasts").rglob("*.json")}
    assert "tiny/pose/body-gan-medium/seed0.json" in kept and "own/det/face-pixelate-high/seed0.json" in kept
    assert not any("original" in path for path in kept)
    assert (results / "figures/training-tiny-pose.svg").read_text().startswith("<svg")
    table = pd.read_parquet(results / "table.parquet")
    summary = pd.read_csv(results / "summary.csv", keep_default_na=False)
    assert set(table.method) == set(summary.method) and set(table.dataset) == {"tiny", "ped", "own"}
    assert (results / "recommendation.md").read_text().count("One seed is not enough") == 7
    again = finished.snakemake("results/report.html")
    assert "Nothing to be done" in again.stdout + again.stderr


def test_photographs_are_left_out_of_the_report_where_asked(project):
    project.config["report"] = {"photographs": "hide"}
    assert project.planned("results/report.html") == {"report"}
    result = project.snakemake("results/report.html")
    assert result.returncode == 0, result.stdout + result.stderr
    results = project.root / "results"
    page = (results / "report.html").read_text()
    assert page.count("data-scene>") == 3 and "This file holds original photographs" not in page
    assert page.count("The configuration leaves out photographs of own, ped.") == 2
    assert {path.parts[-3].split("-")[0] for path in (results / "figures/worst").rglob("*.jpg")} == {"tiny"}
    assert len(pd.read_csv(results / "figures/errors-ped-detection-det.csv")) == 6


def test_a_partial_report_has_what_there_is_and_says_why_not_the_rest(finished):
    cell = finished.root / "results/cells/tiny/det/original/seed0/original.json"
    kept = cell.rename(cell.with_suffix(".kept"))
    try:
        result = finished.snakemake("partial")
        assert result.returncode == 0, result.stdout + result.stderr
    finally:
        kept.rename(cell)
    folder = finished.root / "results/partial"
    summary = pd.read_csv(folder / "summary.csv", keep_default_na=False, na_values={"value": "", "drop": ""})
    rows = summary[(summary.dataset == "tiny") & (summary.model == "det")]
    assert set(rows.method) == {"blur", "mask_out"} and rows.value.notna().any() and rows["drop"].isna().all()
    assert len(summary) < len(pd.read_csv(finished.root / "results/summary.csv"))
    page = (folder / "report.html").read_text()
    assert "1 of 12 cells is missing" in page
    assert "the rule <code>score</code> has run, but its files are gone" in page
    assert "logs/score/tiny/det/original/seed0/original.log" in page


# What a change runs again


@pytest.fixture
def project(finished):
    """The finished project; its configuration is put back afterwards."""
    config = copy.deepcopy(finished.config)
    yield finished
    finished.config = config


def chain(dataset, variant, models, split="train", seeds=(0,)):
    """The jobs from a variant's images to the summary."""
    region, method, level = variant.split("-")
    wildcards = f"dataset={dataset} split={split} region={region} method={method} level={level} draw="
    made = {f"anonymize_shard {wildcards} shard=1 shards=1", f"compose_variant {wildcards}"}
    return made | trained(dataset, variant, models, seeds)


def trained(dataset, variant, models, seeds=(0,), evaluated_on=("original",)):
    jobs = {"summarize"}
    for model in models:
        for seed in seeds:
            jobs.add(f"train_model dataset={dataset} model={model} variant={variant} seed={seed}")
            jobs |= predicted(dataset, variant, model, seed, evaluated_on)
            jobs |= scored(dataset, variant, model, seed, evaluated_on)
    return jobs


def predicted(dataset, variant, model, seed=0, evaluated_on=("original",)):
    return _jobs("predict", dataset, variant, model, seed, evaluated_on)


def scored(dataset, variant, model, seed=0, evaluated_on=("original",)):
    return {job for rule in ("score", "resample") for job in _jobs(rule, dataset, variant, model, seed, evaluated_on)}


def _jobs(rule, dataset, variant, model, seed, evaluated_on):
    wildcards = f"dataset={dataset} model={model} variant={variant} seed={seed}"
    return {f"{rule} {wildcards} evaluated_on={on}" for on in evaluated_on}


def every_cell(jobs):
    """The jobs of one rule for every cell of the study."""
    return (
        {
            job
            for variant in ("original", "body-blur-medium", "body-mask_out-medium")
            for model in ("det", "pose")
            for job in jobs("tiny", variant, model)
        }
        | {job for variant in ("original", "body-mask_out-medium") for job in jobs("ped", variant, "det")}
        | jobs("tiny", "body-gan-medium", "pose")
        | jobs("own", "original", "det")
        | jobs("own", "face-pixelate-high", "det", evaluated_on=("original", "anonymized"))
    )


GENERATOR = "train_generator generator=tiny_body"


def test_no_change_runs_nothing(project):
    assert project.planned() == set()


def test_a_methods_parameter_at_one_level_runs_that_chain(project):
    project.config["methods"] = {"blur": {"medium": {"sigma": 0.11}}}
    assert project.planned() == chain("tiny", "body-blur-medium", ["det", "pose"])


def test_a_parameter_of_a_level_that_no_cell_uses_runs_nothing(project):
    project.config["methods"] = {"blur": {"high": {"sigma": 0.33}}, "inpaint": {"low": {"grow": 0.01}}}
    assert project.planned() == set()


def test_a_new_level_runs_its_own_chain(project):
    project.config["methods"] = {"mask_out": {"extreme": {"grow": 0.3}}}
    block = {**project.config["study"][1], "levels": ["medium", "extreme"]}
    project.config["study"][1] = block
    assert project.planned() == chain("ped", "body-mask_out-extreme", ["det"])


def test_other_draws_resample_and_do_nothing_else(project):
    project.config["statistics"] = {"confidence": 0.9, "margin": 0.02, "power": 0.5}
    assert project.planned() == {"summarize"}
    for key in ("seed", "resamples"):
        project.config["statistics"] = {key: 7}
        assert project.planned() == {job for job in every_cell(scored) if "resample" in job} | {"summarize"}


def test_a_new_seed_trains_and_evaluates_with_that_seed(project):
    project.config["study"][1] = {**project.config["study"][1], "seeds": [0, 5]}
    assert project.planned() == trained("ped", "original", ["det"], [5]) | trained(
        "ped", "body-mask_out-medium", ["det"], [5]
    )


def test_a_models_config_trains_that_model_again(project):
    with project.changed("config/models/td-hm_mobilenetv2_toy.py", "_base_", "# changed\n_base_"):
        assert project.planned() == {
            job
            for variant in ("original", "body-blur-medium", "body-mask_out-medium", "body-gan-medium")
            for job in trained("tiny", variant, ["pose"])
        }


@pytest.mark.parametrize(
    ("file", "rules"),
    [
        ("evaluate/score.py", {"score"}),
        ("evaluate/curves.py", {"score", "resample"}),
        ("evaluate/draws.py", {"resample"}),
        ("evaluate/metrics/pck.py", {"score", "resample"}),
    ],
)
def test_a_change_in_scoring_code_scores_again_and_runs_no_model(project, file, rules):
    with project.changed(f"anonbench/{file}", '"""', '"""Changed. '):
        planned = project.planned()
    if file != "evaluate/metrics/pck.py":  # which scores poses alone
        assert planned == {job for job in every_cell(scored) if job.split()[0] in rules} | {"summarize"}
    assert {job.split()[0] for job in planned} == rules | {"summarize"}


@pytest.mark.parametrize("file", ["evaluate/errors/detections.py", "evaluate/overlap.py", "evaluate/tasks/pose.py"])
def test_a_change_in_the_code_of_errors_tells_them_again(project, file):
    target = ERRORS.format("pose")
    assert project.snakemake(target).returncode == 0
    job = _jobs("diagnose", "tiny", "body-blur-medium", "pose", 0, ["original"])
    with project.changed(f"anonbench/{file}", '"""', '"""Changed. '):
        assert job <= (planned := project.planned(target))
    assert {job.split()[0] for job in planned} <= {"diagnose", "score", "resample", "summarize"}
    with project.changed("anonbench/evaluate/metrics/coco.py", '"""', '"""Changed. '):
        assert not job & project.planned(target)


@pytest.mark.parametrize("file", ["evaluate/contrasts/seen.py", "evaluate/overlap.py"])
def test_a_change_in_what_tells_two_models_apart_compares_them_again(project, file):
    target = "results/contrasts/tiny/pose/body-gan-medium/seed0.json"
    assert project.snakemake(target).returncode == 0
    job = {"contrast dataset=tiny model=pose variant=body-gan-medium seed=0"}
    with project.changed(f"anonbench/{file}", '"""', '"""Changed. '):
        planned = project.planned(target)
    assert job <= planned and {one.split()[0] for one in planned} <= {"contrast", "score", "resample", "summarize"}
    with project.changed("anonbench/evaluate/metrics/coco.py", '"""', '"""Changed. '):
        assert not job & project.planned(target)


def test_a_pin_that_only_scores_scores_again_and_runs_no_model(project):
    with project.changed("envs/constraints.txt", "pycocotools==", "pycocotools==9"):
        assert project.planned() == every_cell(scored) | {"summarize"}


def test_the_prediction_code_predicts_and_scores_again_and_trains_none(project):
    with project.changed("anonbench/models/predict.py", '"""', '"""Changed. '):
        assert project.planned() == every_cell(predicted) | every_cell(scored) | {"summarize"}


def test_fewer_tasks_score_again_and_run_no_model(project):
    model = {**project.config["models"]["det"], "tasks": ["detection"]}
    project.config["models"] = {**project.config["models"], "det": model}
    assert {job.split()[0] for job in project.planned()} == {"score", "resample", "summarize"}


def test_an_anonymizers_module_runs_that_methods_chains(project):
    with project.changed("anonbench/anonymize/methods/mask_out.py", '"""', '"""Changed. '):
        assert project.planned() == chain("tiny", "body-mask_out-medium", ["det", "pose"]) | chain(
            "ped", "body-mask_out-medium", ["det"]
        )


def test_a_gans_level_runs_its_chain_and_keeps_the_generator(project):
    project.config["methods"] = {"gan": {"medium": {"grow": 0.05}}}
    assert project.planned() == chain("tiny", "body-gan-medium", ["pose"])


def test_a_generators_size_trains_it_again(project):
    generator = {**project.config["generators"]["tiny_body"], "channels": 8}
    project.config["generators"] = {"tiny_body": generator}
    assert project.planned() == {GENERATOR} | chain("tiny", "body-gan-medium", ["pose"])


def test_whom_else_a_generator_serves_runs_nothing(project):
    generator = {**project.config["generators"]["tiny_body"], "serves": ["tiny", "ped"]}
    project.config["generators"] = {"tiny_body": generator}
    assert project.planned() == set()


def test_a_recipe_trains_its_generators_again_and_another_one_does_not(project):
    with project.changed("anonbench/generators/kinds/style_unet/training.py", '"""', '"""Changed. '):
        assert project.planned() == {GENERATOR} | chain("tiny", "body-gan-medium", ["pose"])
    with project.changed("anonbench/generators/kinds/context_encoder/training.py", '"""', '"""Changed. '):
        assert project.planned() == set()


def test_the_report_module_summarizes_again(project):
    with project.changed("anonbench/report/summary.py", '"""', '"""Changed. '):
        assert project.planned() == {"summarize"}


def test_a_datasets_archive_runs_that_dataset(project):
    archive = project.root / "PennFudanPed.zip"
    before, times = archive.read_bytes(), os.stat(archive)
    tiny_pennfudan(archive, shade=21)
    assert archive.read_bytes() != before
    try:
        planned = project.planned()
    finally:
        archive.write_bytes(before)
        os.utime(archive, ns=(times.st_atime_ns, times.st_mtime_ns))
    splits = {f"convert_split dataset=ped split={split}" for split in ("train", "val")}
    checked = {f"check_originals dataset=ped split={split}" for split in ("train", "val")}
    verified = {"verify_file dataset=ped file_name=PennFudanPed.zip"}
    assert planned == verified | splits | checked | {
        "find_regions dataset=ped split=train region=body",
        "deal_regions dataset=ped split=train region=body shards=1",
    } | chain("ped", "body-mask_out-medium", ["det"]) | trained("ped", "original", ["det"])


def test_a_replaced_image_of_an_own_dataset_runs_that_split(project):
    images = project.root / "own data" / "train images"
    image = max(images.rglob("*.png"), key=lambda path: path.stat().st_size)
    before = image.read_bytes()
    image.write_bytes(before + b"more")
    try:
        planned = project.planned()
    finally:
        image.write_bytes(before)
    assert "convert_split dataset=own split=train" in planned
    assert "convert_split dataset=own split=val" not in planned
    assert not [job for job in planned if "dataset=tiny" in job or "dataset=ped" in job]


@pytest.mark.parametrize("change", [{"gpus": 2}, {"container": "another.sif"}])
def test_where_jobs_run_runs_nothing(project, change):
    project.config["runtime"] = change
    assert project.planned() == set()


def test_what_is_shared_and_what_was_measured_runs_nothing(project):
    project.config |= {"shared": "own data", "costs": "test.yaml"}
    assert project.planned() == set()


def test_a_pin_that_decides_numbers_trains_and_evaluates_again(project):
    with project.changed("envs/constraints.txt", "torchvision==", "torchvision==9"):
        planned = project.planned()
    assert every_cell(predicted) | every_cell(scored) <= planned
    assert {job.split()[0] for job in planned} == {
        "train_generator", "anonymize_shard", "compose_variant", "train_model", "predict", "score", "resample",
        "attack", "summarize",
    }  # fmt: skip


def test_another_pin_runs_nothing(project):
    with project.changed("envs/constraints.txt", "ruff==", "ruff==9"):
        assert project.planned() == set()


def test_files_touched_without_change_run_nothing(project):
    for folder in ("anonbench", "config", "workflow_scripts", "rules", "envs", "own data"):
        for path in (project.root / folder).rglob("*"):
            path.touch()
    for name in ("Snakefile", "PennFudanPed.zip"):
        (project.root / name).touch()
    for path in (project.root / "resources").rglob("*.json"):
        path.touch()
    assert project.planned() == set()


def test_files_restored_with_new_times_in_any_order_run_nothing(project, tmp_path):
    """As from an archive or a clone without times; empty folders are lost."""
    files = sorted(path for path in project.root.rglob("*") if path.is_file())
    random.Random(0).shuffle(files)
    for number, file in enumerate(files):
        copy = tmp_path / file.relative_to(project.root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        os.utime(copy, (1_000_000_000 + number,) * 2)
    assert Project(tmp_path, project.config).planned() == set()
