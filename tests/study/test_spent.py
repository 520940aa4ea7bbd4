"""The sums over jobs' records, and the unit costs that follow from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import write_json
from anonbench.common.job_record import JobRecord, record_of_job
from anonbench.common.machine import Machine
from anonbench.common.records import read_record, write_record
from anonbench.study.checks import load
from anonbench.study.jobs import Study
from anonbench.study.plan import plan
from anonbench.study.spent import Costs, Spent, gather, measured_units
from anonbench.study.spent_table import as_markdown

CORE = Machine(cpu="A core", cores=4, memory=8 * 2**30)
OTHER = Machine(cpu="Another", cores=2, memory=2**30, torch="2.0")
GPU = Machine(cpu="A core", cores=4, memory=8 * 2**30, gpu="A device", torch="2.0")
TRAIN = "train_model/shop/det/{}/seed0"


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A study of 10 training and 4 validation images of 1000 x 500 px; every second one shows two people."""
    monkeypatch.chdir(tmp_path)
    for split, count in (("train", 10), ("val", 4)):
        images = [{"id": n, "file_name": f"{n}.png", "width": 1000, "height": 500} for n in range(count)]
        people = [{"id": n, "image_id": n - n % 2, "category_id": 7} for n in range(count)]
        dogs = [{"id": 100 + n, "image_id": n, "category_id": 3} for n in range(count)]
        categories = [{"id": 3, "name": "dog", "is_person": False}, {"id": 7, "name": "person", "is_person": True}]
        split_record = {"images": images, "annotations": [*people, *dogs], "categories": categories}
        write_json(f"resources/datasets/shop/annotations/{split}.json", split_record)
        Path(f"{split}_images").mkdir()
        Path(f"{split}_images", "0.png").touch()
        own = {**split_record, "categories": [{"id": 3, "name": "dog"}, {"id": 7, "name": "person"}]}
        write_json(f"{split}.json", own)
    block = {"datasets": ["shop"], "models": ["det"], "regions": ["body"], "methods": ["blur", "gan"]}
    splits = {split: {"images": f"{split}_images", "annotations": f"{split}.json"} for split in ("train", "val")}
    return {
        "datasets": {"shop": {"format": "coco", "splits": splits, "shards": 2}},
        "methods": {"blur": {"low": {"sigma": 0.1}}, "gan": {"low": {"grow": 0.1, "coarseness": 0}}},
        "generators": {
            "body": {
                "region": "body",
                "learns": {"dataset": "shop"},
                "serves": ["shop"],
                "width": 100,
                "height": 100,
                "channels": 4,
                "epochs": 5,
                "max_people": 8,
            }
        },
        "models": {"det": {"config": "config/models/mask-rcnn_mobilenetv2_demo.py", "tasks": ["detection"]}},
        "study": [{**block, "levels": ["low"]}],
    }


def done(name: str, machine: Machine = CORE, benchmark: str | None = None, **changes: Any) -> None:
    """Leave the record, and perhaps the benchmark, of a job."""
    took = {"wall": 8.0, "cpu": 4.0, "startup_wall": 2.0, "startup_cpu": 1.0, "memory": 10**6} | changes
    log = Path("logs", f"{name}.log")
    write_record(record_of_job(log), JobRecord(**took, machine=machine))
    if benchmark:
        log.with_suffix(".tsv").write_text(f"s\th:m:s\tmax_rss\n{benchmark}\n")


def rows(found: Costs) -> dict[tuple[str, str], Spent]:
    return {(row.stage, row.about): row for row in found.spent}


def test_of_a_study_that_has_not_begun_everything_is_missing(raw: dict[str, Any]) -> None:
    found = gather(load(raw))
    jobs = Study(load(raw)).jobs
    assert sum(map(len, found.missing.values())) == len(jobs) and not found.units and not found.machines
    assert {(row.jobs, row.wall, row.cpu, row.memory) for row in found.spent} == {(0, 0.0, 0.0, 0)}
    text = as_markdown(found)
    assert "- models: 3 jobs, such as `logs/train_model/shop/det/body-blur-low/seed0.log`" in text


def test_time_and_memory_are_summed_by_stage_and_by_what_was_worked_on(raw: dict[str, Any]) -> None:
    done("anonymize_shard/shop/train/body-blur-low/1-of-2", benchmark="12.5\t0:00:12\t3.0")
    done("anonymize_shard/shop/train/body-blur-low/2-of-2", wall=3.0, cpu=2.0)
    done("anonymize_shard/shop/train/body-gan-low/1-of-2", benchmark="20.0\t0:00:20\tNA", shared=True, machine=GPU)
    done("compose_variant/shop/train/body-blur-low", benchmark="1.5\t0:00:01\t0.5")
    done("anonymize_shard/shop/train/body-mask_out-low/1-of-2")  # of no cell
    found = gather(load(raw))
    blur, gan = rows(found)["variants", "blur"], rows(found)["variants", "gan"]
    assert (blur.jobs, blur.wall, blur.cpu, blur.startup_wall, blur.startup_cpu) == (3, 12.5 + 5 + 1.5, 13, 6, 3)
    assert (blur.memory, blur.shared, blur.gpu) == (3 * 2**20, 0, 0)
    assert (gan.jobs, gan.wall, gan.shared, gan.gpu, gan.memory) == (1, 20, 1, 8, 10**6)
    assert rows(found)["variants", ""].jobs == 0  # dealing out serves all methods
    assert ("variants", "mask_out") not in rows(found)
    assert "1 (1 shared)" in as_markdown(found)
    assert found.missing["variants"] == [
        "logs/deal_regions/shop/train/body-2.log",
        "logs/anonymize_shard/shop/train/body-gan-low/2-of-2.log",
        "logs/compose_variant/shop/train/body-gan-low.log",
    ]


def test_a_file_with_several_names_fills_the_disk_once_where_it_was_made(raw: dict[str, Any]) -> None:
    original = Path("resources/datasets/shop/images/train/0.png")
    linked = Path("resources/variants/shop/train/body-blur-low/shards/1-of-2/0.png")
    for path in (original, linked):
        path.parent.mkdir(parents=True)
    original.write_bytes(b"x" * 5000)
    os.link(original, linked)
    linked.with_name("1.png").write_bytes(b"y" * 300)
    linked.with_name("2.png").symlink_to(original.resolve())
    found = rows(gather(load(raw)))
    annotations = sum(path.stat().st_size for path in Path("resources/datasets/shop/annotations").iterdir())
    assert found["datasets", "shop"].disk == 5000 + annotations
    link = linked.with_name("2.png").lstat().st_size
    assert found["variants", "blur"].disk == 300 + link and found["variants", "gan"].disk == 0


def test_unit_costs_are_those_of_all_the_work_that_was_done(raw: dict[str, Any]) -> None:
    done(TRAIN.format("original"), cpu=90.0)
    done(TRAIN.format("body-blur-low"), cpu=110.0, startup_cpu=3.0)
    done("predict/shop/det/original/seed0/original", cpu=2.0)
    done("score/shop/det/original/seed0/original", cpu=0.4)
    done("convert_split/shop/train", cpu=10.0)
    done("find_regions/shop/train/body", cpu=5.0)
    done("train_generator/body", cpu=40.0)
    done("anonymize_shard/shop/train/body-blur-low/1-of-2", cpu=3.0)
    done("anonymize_shard/shop/train/body-gan-low/1-of-2", cpu=6.0)
    done("deal_regions/shop/train/body-2", cpu=0.5)
    units = gather(load(raw)).units
    assert {unit.machine for unit in units.values()} == {"A core, 4 cores"}
    assert {unit.on for unit in units.values()} == {"core"}
    seconds = {name: unit.seconds for name, unit in units.items()}
    # 4 epochs of 10 images, twice; 4 images; 10 images of half a megapixel; 10 people, of which a generator learns 8
    # in 5 epochs; half of the 5 images with people; half of the 10 people.
    assert seconds["train mask-rcnn_mobilenetv2_demo"] == pytest.approx(200 / 80)
    assert seconds["predict mask-rcnn_mobilenetv2_demo"] == pytest.approx(2 / 4)
    assert seconds["score"] == pytest.approx(0.4 / 4)
    assert seconds["convert"] == pytest.approx(10 / 5)
    assert seconds["outline"] == pytest.approx(5 / 10)
    assert seconds["learn 100x100x4"] == pytest.approx(40 / (8 * 5 * 0.01))
    assert seconds["anonymize blur"] == pytest.approx(3 / (2.5 * 0.5))
    assert seconds["synthesize 100x100x4"] == pytest.approx(6 / (5 * 0.01))
    assert seconds["startup train_model"] == 2.0  # the mean of both
    assert seconds["startup deal_regions"] == 1.5  # the whole job
    assert seconds["startup score"] == 1.0


def test_what_was_done_in_part_or_taken_from_elsewhere_tells_no_cost(raw: dict[str, Any]) -> None:
    done(TRAIN.format("original"), resumed=True)
    done("anonymize_shard/shop/train/body-blur-low/1-of-2", shared=True)
    assert gather(load(raw)).units == {}


def test_the_machine_that_did_most_counts(raw: dict[str, Any]) -> None:
    done(TRAIN.format("original"), machine=OTHER, cpu=80.0)
    done(TRAIN.format("body-blur-low"), machine=GPU, wall=4.0)
    done(TRAIN.format("body-gan-low"), machine=GPU, wall=6.0)
    found = gather(load(raw))
    unit = found.units["train mask-rcnn_mobilenetv2_demo"]
    assert (unit.seconds, unit.on, unit.machine) == (pytest.approx(10 / 80), "gpu", "A device")
    assert found.units["startup train_model"].on == "core"
    assert set(found.machines) == {OTHER, GPU}
    text = as_markdown(found)
    assert "- A device (A core, 4 cores), 8 GiB, torch 2.0" in text and "- Another, 2 cores, 1 GiB, torch 2.0" in text


def test_a_training_on_several_devices_tells_no_cost(raw: dict[str, Any]) -> None:
    raw["runtime"] = {"gpus": 2}
    done(TRAIN.format("original"), machine=GPU)
    assert "train mask-rcnn_mobilenetv2_demo" not in gather(load(raw)).units


def test_a_plan_takes_the_costs_of_its_own_study_or_those_that_the_configuration_names(raw: dict[str, Any]) -> None:
    assert measured_units(load(raw)) == {}
    for variant in ("original", "body-blur-low", "body-gan-low"):
        done(TRAIN.format(variant), cpu=3600.0, startup_cpu=360.0)
    found = gather(load(raw))
    write_record("results/costs.json", found)
    config = load(raw)
    assert measured_units(config) == found.units
    models = next(stage for stage in plan(config, measured_units(config)).stages if stage.name == "models")
    assert models.core_hours == pytest.approx(3 * 1.1) and models.machines == {"A core, 4 cores"}

    other = found.model_copy(update={"units": {}})
    write_record("other.json", other)
    assert measured_units(load(raw | {"costs": "other.json"})) == {}
    assert read_record(Costs, "other.json") == other


@pytest.mark.parametrize(("key", "fix"), [("costs", "run the target `costs`"), ("shared", "Make it")])
def test_a_file_or_folder_that_does_not_exist_is_said(raw: dict[str, Any], key: str, fix: str) -> None:
    with pytest.raises(UserError, match=f"{key} names nowhere, which .*{fix}"):
        load(raw | {key: "nowhere"})
