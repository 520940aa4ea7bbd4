"""Which jobs a change runs again: no more and no fewer than it needs."""

import copy
import os

import pytest

from tests.helpers.tiny_archives import tiny_pennfudan


@pytest.fixture
def project(finished):
    """The finished project; its configuration is put back afterwards."""
    config = copy.deepcopy(finished.config)
    yield finished
    finished.config = config


def chain(dataset, variant, models, split="train", seeds=(0,)):
    """The jobs from a variant's images to the summary."""
    region, method, level = variant.split("-")
    wildcards = f"dataset={dataset} split={split} region={region} method={method} level={level}"
    return {f"anonymize {wildcards}"} | trained(dataset, variant, models, seeds)


def trained(dataset, variant, models, seeds=(0,), evaluated_on=("original",)):
    jobs = {"summarize"}
    for model in models:
        for seed in seeds:
            jobs.add(f"train dataset={dataset} model={model} variant={variant} seed={seed}")
            jobs |= evaluated(dataset, variant, model, seed, evaluated_on)
    return jobs


def evaluated(dataset, variant, model, seed=0, evaluated_on=("original",)):
    return {
        f"evaluate dataset={dataset} model={model} variant={variant} seed={seed} evaluated_on={on}"
        for on in evaluated_on
    }


GENERATOR = "train_generator gan=tiny_body"

ALL_CELLS = (
    {
        job
        for variant in ("original", "body-blur-medium", "body-mask_out-medium")
        for model in ("det", "pose")
        for job in evaluated("tiny", variant, model)
    }
    | {job for variant in ("original", "body-mask_out-medium") for job in evaluated("ped", variant, "det")}
    | evaluated("tiny", "body-gan-medium", "pose")
    | evaluated("own", "original", "det")
    | evaluated("own", "face-pixelate-high", "det", evaluated_on=("original", "anonymized"))
)


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


def test_the_evaluation_module_scores_every_cell_again_and_trains_none(project):
    with project.changed("anonbench/evaluate/score.py", '"""', '"""Changed. '):
        assert project.planned() == ALL_CELLS | {"summarize"}


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
    linked = {f"link_original dataset=ped split={split}" for split in ("train", "val")}
    verified = {"verify_file dataset=ped file_name=PennFudanPed.zip"}
    assert planned == verified | splits | linked | {"find_regions dataset=ped split=train region=body"} | chain(
        "ped", "body-mask_out-medium", ["det"]
    ) | trained("ped", "original", ["det"])


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


def test_the_number_of_gpus_runs_nothing(project):
    project.config["runtime"] = {"gpus": 2}
    assert project.planned() == set()


def test_a_pin_that_decides_numbers_trains_and_evaluates_again(project):
    with project.changed("envs/constraints.txt", "torchvision==", "torchvision==9"):
        planned = project.planned()
    assert ALL_CELLS <= planned
    assert {job.split()[0] for job in planned} == {"train_generator", "anonymize", "train", "evaluate", "summarize"}


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
