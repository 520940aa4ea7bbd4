"""The estimate of a study: what it counts, from what, and what it says that it does not know."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from anonbench.common.root import ROOT
from anonbench.config.config import with_defaults
from anonbench.config.plugins import FORMATS
from anonbench.datasets.formats import coco
from anonbench.study import costs
from anonbench.study.checks import load
from anonbench.study.jobs import RULES, STAGES, Job, Study
from anonbench.study.plan import Plan, Stage, as_markdown, plan
from anonbench.study.units import Unit

DETECTOR = {"config": "config/models/mask-rcnn_r50_fpn_1x.py", "tasks": ["detection", "instance_segmentation"]}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture(autouse=True)
def no_startup(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs begin at once."""
    monkeypatch.setattr(costs, "STARTUP", dict.fromkeys(costs.STARTUP, 0.0))


def study(**changes: Any) -> dict[str, Any]:
    """A detector on scenes, blurred and masked out at two levels."""
    block = {"datasets": ["toy"], "models": ["det"], "regions": ["body"], "methods": ["blur"], "levels": ["low"]}
    return {
        "datasets": {"toy": {"format": "scenes", "splits": {"train": 1000, "val": 100}}},
        "methods": {
            "blur": {"low": {"sigma": 0.1}, "high": {"sigma": 0.2}},
            "gan": {"low": {"grow": 0.1, "coarseness": 0}},
        },
        "weights": {"resnet50": {"url": "https://example.org/resnet50.pth", "sha256": "0676ba61"}},
        "models": {"det": DETECTOR},
        "study": [block],
    } | changes


def stages(found: Plan) -> dict[str, Stage]:
    return {stage.name: stage for stage in found.stages}


def block(**changes: Any) -> list[dict[str, Any]]:
    return [study()["study"][0] | changes]


def test_the_hours_of_a_gpu_sized_model_are_those_of_the_device_that_is_named() -> None:
    """12 epochs of COCO's 118,287 images, two of them in 38.6 ms."""
    raw = study()
    raw["datasets"]["toy"]["splits"]["train"] = 118_287
    found = plan(load(raw))
    models = stages(found)["models"]
    assert models.gpu_hours / found.trainings == pytest.approx(7.6098, abs=0.0001)
    assert models.core_hours == 0 and not models.unknown
    assert models.machines == {"one NVIDIA H200"}
    assert "- models: one NVIDIA H200\n" in as_markdown(found)


@pytest.mark.parametrize("name", ["models", "predictions"])
def test_twice_the_seeds_are_twice_the_trainings(name: str) -> None:
    one, two = (stages(plan(load(study(study=block(seeds=seeds)))))[name] for seeds in ([0], [0, 7]))
    assert two.gpu_hours == pytest.approx(2 * one.gpu_hours) and two.disk == pytest.approx(2 * one.disk)
    assert plan(load(study(study=block(seeds=[0, 7])))).trainings == 4


def test_a_cells_images_are_matched_once_and_drawn_by_the_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "RESAMPLE", 0.5)
    monkeypatch.setattr(costs, "RESAMPLE_BYTES", 30)
    wildcards = {"dataset": "toy", "model": "det", "variant": "original", "seed": "0", "evaluated_on": "original"}
    monkeypatch.setattr(Study, "_jobs", lambda self: iter([Job("resample", wildcards)]))
    found = stages(plan(load(study(statistics={"resamples": 3000}))))["resamples"]
    assert found.jobs == 1 and found.core_hours == pytest.approx(100 * 4 * 0.5 / 3600)
    assert found.disk == 30 * 3000 * 2  # of two tasks


def test_variants_are_made_once_for_all_models_and_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(costs.ANONYMIZE, "blur", 1.5)
    raw = study(study=block(seeds=[0, 1], levels=["low", "high"], models=["det", "again"]))
    raw["models"]["again"] = DETECTOR
    found = stages(plan(load(raw)))
    # One list of the work, and two jobs for each of two levels.
    assert (found["variants"].jobs, found["models"].jobs, found["regions"].jobs) == (1 + 2 * 2, 12 + 1, 1)
    # Two levels of 950 images of 256 x 192 px with people are 93.3888 megapixels, at 1.5 s each.
    assert found["variants"].core_hours == pytest.approx(140.0832 / 3600)


def test_a_variant_takes_what_it_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"BODIES": 0.5, "FACES": 0.1, "GROWN": 2.0, "ENTRY_BYTES": 10, "TEXTURE_BYTES": 8.0}.items():
        monkeypatch.setattr(costs, name, value)
    monkeypatch.setitem(costs.EDIT_BYTES, "blur", 4.0)
    own = {"tool": {"low": {"command": ["tool", "{images}", "{output}"]}}}
    raw = study(study=block(methods=["blur", "tool"], regions=["body", "face"]))
    raw["methods"] |= own
    # 950 of 1,000 images have people, at 256 x 192 px 46.6944 megapixels; of two bodies and two faces one each is the
    # tool's.
    assert stages(plan(load(raw)))["variants"].disk == pytest.approx(46_694_400 * 0.6 * 2 * (4 + 8) + 4 * 10 * 1000)
    size = FORMATS["scenes"].size
    known = {"bodies": 0.1, "faces": 0.3}
    monkeypatch.setattr(FORMATS["scenes"], "size", lambda self, split: replace(size(self, split), **known))
    assert stages(plan(load(raw)))["variants"].disk == pytest.approx(46_694_400 * 0.4 * 2 * 12 + 40_000)
    known["faces"] = None  # as large for their bodies as others'
    assert stages(plan(load(raw)))["variants"].disk == pytest.approx(46_694_400 * 0.12 * 2 * 12 + 40_000)


def test_the_peak_counts_what_an_outside_command_reads_and_writes() -> None:
    raw = study(study=block(methods=["tool"]))
    raw["methods"]["tool"] = {"low": {"command": ["tool", "{images}", "{output}"]}}
    raw["datasets"]["toy"]["shards"] = 4
    found = plan(load(raw))
    stays = sum(stage.disk for stage in found.stages)
    assert found.peak - stays == pytest.approx(46_694_400 * costs.OUTSIDE_BYTES / 4)
    assert f"At any moment, {found.peak / 1e9:,.2f}+ GB are on the disk at most." in as_markdown(found)
    built_in = plan(load(study()))
    assert built_in.peak == sum(stage.disk for stage in built_in.stages)


def test_the_variants_of_the_public_benchmarks_fit_on_a_disk() -> None:
    raw = with_defaults(yaml.safe_load((ROOT / "config" / "paper.yaml").read_text()), ROOT / "config" / "config.yaml")
    assert 50e9 < stages(plan(load(raw)))["variants"].disk < 150e9


def test_files_behind_a_login_are_no_jobs_to_fetch_but_fill_the_disk() -> None:
    closed, open_ = (
        stages(plan(load(study(datasets={"toy": {"format": "cityscapes", "files": {"images": source}}}))))["datasets"]
        for source in ({}, {"urls": ["https://example.org/images.zip"]})
    )
    assert (closed.jobs, open_.jobs) == (8 - 2, 8 - 1)
    assert closed.disk == open_.disk > 11.8e9


def test_shards_add_jobs_and_no_hours() -> None:
    whole, sharded = study(), study()
    sharded["datasets"]["toy"]["shards"] = 5
    one, many = (stages(plan(load(raw)))["variants"] for raw in (whole, sharded))
    assert (one.jobs, many.jobs) == (3, 7)
    assert (many.core_hours, many.disk) == (one.core_hours, one.disk)


def test_what_nobody_knows_is_said_and_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FORMATS["scenes"], "size", lambda self, split: None)
    found = plan(load(study()))
    independent = {
        "generators",
        "labels",
        "cells",
        "errors",
        "attacks",
        "contrasts",
        "report",
    }  # of how large the datasets are
    assert all("toy" in " ".join(stage.unknown) for stage in found.stages if stage.name not in independent)
    assert all(stage.core_hours == stage.gpu_hours == 0 for stage in found.stages)
    text = as_markdown(found)
    assert "0.0+" in text and "- datasets: toy train, whose size is not known" in text


def test_a_model_of_ones_own_and_a_wide_generator_are_unknown(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(costs, "GENERATOR", 0.144)
    config = tmp_path / "mine.py"
    config.write_text(f"_base_ = '{ROOT / DETECTOR['config']}'\n")
    raw = study(study=block(methods=["gan"]))
    raw["models"]["det"] = DETECTOR | {"config": str(config)}
    generator = {"region": "body", "learns": {"dataset": "toy"}, "serves": ["toy"], "width": 64, "height": 128}
    channels = 65
    raw["generators"] = {"wide": generator | {"channels": channels, "epochs": 5}}
    found = stages(plan(load(raw)))
    assert found["models"].unknown == {"the speed of the model det"}
    for name in ("generators", "variants"):
        assert f"{channels} channels" in next(iter(found[name].unknown))
        assert found[name].core_hours == found[name].gpu_hours == 0
    raw["generators"]["wide"]["channels"] = 16
    found = stages(plan(load(raw)))
    # 2,750 people in 5 epochs, at a quarter of the measured size's 0.144 s each: 495 s.
    assert found["generators"].core_hours == pytest.approx(0.1375)
    raw["generators"]["wide"]["channels"] = 17
    found = stages(plan(load(raw)))
    # The same on a GPU, at the measured 46,080 px in 6.275 ms: 15.340 s. Nobody has measured making people there.
    assert found["generators"].gpu_hours == pytest.approx(15.340 / 3600, rel=1e-4)
    assert found["generators"].core_hours == 0 and found["variants"].unknown


def test_what_a_method_leaves_to_learn_from_is_unknown() -> None:
    raw = study(study=block(methods=["drop_labels"]), methods={"drop_labels": {"low": {"grow": 0.1}}})
    found = stages(plan(load(raw)))
    assert found["models"].unknown == {"training on what drop_labels leaves of a dataset"}
    assert found["variants"].core_hours > 0 and not found["variants"].unknown
    # The originals' 12 epochs of 1,000 images alone.
    raw["study"] = block(methods=["drop_labels"], seeds=[0]) + block(seeds=[0])
    raw["methods"]["blur"] = {"low": {"sigma": 0.1}}
    both = stages(plan(load(raw)))["models"]
    assert both.gpu_hours == pytest.approx(2 * found["models"].gpu_hours)


def test_a_share_of_people_takes_its_share_of_a_generators_time() -> None:
    generator = {"region": "body", "learns": {"dataset": "toy"}, "serves": ["toy"], "width": 64, "height": 128}
    raw = study(study=block(methods=["gan"]), generators={"g": generator | {"channels": 16, "epochs": 5}})
    whole = stages(plan(load(raw)))["variants"].core_hours
    raw["methods"]["gan"]["low"] |= {"share": 0.25}
    assert stages(plan(load(raw)))["variants"].core_hours == pytest.approx(whole / 4)


def test_the_longest_beginning_of_a_models_name_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    short, long = (costs.Training(seconds, "core", 1, "") for seconds in (1.0, 2.0))
    monkeypatch.setattr(costs, "TRAININGS", {"net": short, "net_large": long})
    assert costs.training_of("a/net_small.py") is short
    assert costs.training_of("a/net_large_1x.py") is long
    assert costs.training_of("a/other.py") is None


def test_what_the_papers_models_cost_is_known() -> None:
    models = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())["models"]
    assert all(costs.training_of(model["config"]) for model in models.values())
    configs = [path.stem for path in (ROOT / "config" / "models").glob("*.py") if not path.stem.endswith("_toy")]
    assert [name for name in configs if costs.training_of(name) is None] == []


def test_ones_own_dataset_is_counted_from_its_annotations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = [{"id": n, "file_name": f"{n}.png", "width": 100, "height": 50 + n} for n in (1, 2, 3)]
    people = [{"id": n, "image_id": 1, "category_id": 1} for n in (1, 2)] + [{"id": 3, "image_id": 2, "category_id": 2}]
    categories = [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}]
    (tmp_path / "a.json").write_text(json.dumps({"images": images, "annotations": people, "categories": categories}))
    (tmp_path / "images" / "sub").mkdir(parents=True)
    for name in ("1.png", "2.png", "3.png", "sub/4.png"):
        (tmp_path / "images" / name).touch()
    place = {"images": str(tmp_path / "images"), "annotations": str(tmp_path / "a.json")}
    spec = {"format": "coco", "splits": {"train": place, "val": place}, "people": ["person"]}
    size = FORMATS.create("coco", spec).size("train")
    assert (size.images, size.people, size.occupied, size.pixels) == (3, 2, 1, 5200)
    monkeypatch.setattr(coco, "READ_FOR_SIZE", 10)
    size = FORMATS.create("coco", spec).size("train")
    assert (size.images, size.people, size.occupied, size.pixels) == (4, None, None, None)


def test_the_papers_trainings_fit_a_quarter_of_what_they_took_on_v100() -> None:
    paper = yaml.safe_load((ROOT / "config" / "paper.yaml").read_text())
    defaults = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    for key in ("datasets", "methods", "generators", "models"):
        for name, value in defaults[key].items():
            paper[key].setdefault(name, value)
    for name, levels in defaults["methods"].items():
        paper["methods"][name] = levels | paper["methods"][name]
    found = plan(load(paper | {"weights": defaults["weights"]}))
    hours = {stage.name: stage.gpu_hours for stage in found.stages}
    assert 2000 < sum(hours.values()) < 20_380 / 4
    assert hours["generators"] == pytest.approx(10.4, abs=0.1) and found.trainings == 606


def test_measured_unit_costs_stand_in_for_the_shipped_ones() -> None:
    measured = {
        "train mask-rcnn_r50_fpn_1x": Unit(seconds=0.36, on="core", machine="a laptop"),
        "startup score": Unit(seconds=36, on="core", machine="a laptop"),
        "render": Unit(seconds=7.2, on="core", machine="a laptop"),
    }
    config = load(study())
    shipped, found = stages(plan(config)), plan(config, measured)
    stage = stages(found)
    # Two trainings of 12 epochs of 1,000 images; and predicting 100 images costs a third of that an image.
    assert (stage["models"].core_hours, stage["models"].gpu_hours) == (pytest.approx(2.4), 0)
    assert stage["predictions"].core_hours == pytest.approx(2 * 100 * 0.12 / 3600)
    assert stage["cells"].core_hours - shipped["cells"].core_hours == pytest.approx(0.02)
    assert stage["datasets"].core_hours - shipped["datasets"].core_hours == pytest.approx(1100 * (7.2 - 0.04) / 3600)
    assert stage["models"].machines == stage["predictions"].machines == {"a laptop"}
    assert stage["variants"] == shipped["variants"]
    text = as_markdown(found)
    assert "- models: a laptop\n" in text and "- datasets: a laptop, one core of an x86-64 machine\n" in text


def test_every_rule_has_a_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert costs.STARTUP.keys() == RULES.keys()
    whole = plan(load(study())).stages
    assert [stage.name for stage in whole] == list(STAGES)
    monkeypatch.setattr(costs, "STARTUP", dict.fromkeys(costs.STARTUP, 3.0))
    for before, after in zip(whole, plan(load(study())).stages, strict=True):
        assert after.core_hours - before.core_hours == pytest.approx(3 * after.jobs / 3600)
        assert not after.unknown


def test_every_unit_cost_names_its_source_and_every_number_is_positive() -> None:
    assert all(cost.source and cost.seconds > 0 and cost.checkpoint > 0 for cost in costs.TRAININGS.values())


def test_labels_are_remade_once_a_training_by_a_pass_over_the_training_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "LABEL_BYTES", 30)
    monkeypatch.setattr(costs, "EVALUATION_SHARE", 0.25)
    monkeypatch.setitem(costs.TRAININGS, "mask-rcnn_r50_fpn", costs.Training(0.6, "gpu", 1, ""))
    person = {"region": "body", "learns": {"dataset": "toy"}, "serves": ["toy"]}
    person |= {"width": 16, "height": 32, "channels": 4, "epochs": 1}
    raw = study(generators={"people": person})
    kept = block(methods=["gan"], seeds=[0, 1])
    before, after = (
        stages(plan(load(raw | {"study": [kept[0] | {"labels": labels}]}))) for labels in (["kept"], ["kept", "remade"])
    )
    assert [(name, after[name].jobs - before[name].jobs) for name in after if after[name].jobs > before[name].jobs] == [
        ("labels", 2), ("models", 2), ("predictions", 2), ("cells", 2), ("resamples", 2),
    ]  # fmt: skip
    assert after["labels"].gpu_hours == pytest.approx(2 * 1000 * 0.6 * 0.25 / 3600)
    assert after["labels"].disk == 2 * 1000 * 30 and before["labels"].jobs == 0
