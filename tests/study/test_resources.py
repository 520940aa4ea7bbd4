"""What jobs ask a scheduler for: what it follows from, how it grows, and that Snakemake reads it, for every rule."""

from __future__ import annotations

import math
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from anonbench.common.root import ROOT
from anonbench.config.plugins import FORMATS
from anonbench.study import costs, resources
from anonbench.study.checks import load
from anonbench.study.resources import Estimates
from tests.helpers.project import Project
from tests.study.conftest import toy_config

DETECTOR = {"config": "config/models/mask-rcnn_r50_fpn_1x.py", "tasks": ["detection", "instance_segmentation"]}
POSE = {"config": "config/models/td-hm_r50_256x192.py", "tasks": ["pose"]}
SMALL = {"config": "config/models/mask-rcnn_mobilenetv2_demo.py", "tasks": ["detection"]}
GENERATOR = {"region": "body", "learns": {"dataset": "toy"}, "serves": ["toy"], "width": 128, "height": 256}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def estimates(
    images: int = 1000, shards: int = 1, runtime: dict | None = None, statistics: dict | None = None, **generator: Any
) -> Estimates:
    methods = ["blur", "gan"]
    study = {"datasets": ["toy"], "models": ["det"], "regions": ["body"], "methods": methods, "levels": ["low"]}
    splits = {"train": images, "val": images // 10}
    raw = {
        "datasets": {"toy": {"format": "scenes", "splits": splits, "width": 1000, "height": 1000, "shards": shards}},
        "generators": {"people": GENERATOR | {"channels": 16, "epochs": 10} | generator},
        "methods": {
            "blur": {"low": {"sigma": 0.1}},
            "gan": {"low": {"grow": 0.1, "coarseness": 0}},
            "drop_images": {"low": {}},
        },
        "weights": {"resnet50": {"url": "https://example.org/resnet50.pth", "sha256": "0676ba61"}},
        "models": {"det": DETECTOR, "pose": POSE, "small": SMALL},
        "study": [study],
        "statistics": statistics or {},
        "runtime": runtime or {},
    }
    return Estimates(load(raw))


def asked(found: Estimates, rule: str, attempt: int = 1, **wildcards: Any) -> SimpleNamespace:
    """The resources of one job, as Snakemake asks for them."""
    by_default = {
        "dataset": "toy", "split": "train", "region": "body", "method": "blur", "level": "low", "shard": "1",
        "shards": "1", "model": "det", "variant": "original", "seed": "0", "generator": "people",
        "evaluated_on": "original",
    }  # fmt: skip
    names = SimpleNamespace(**(by_default | wildcards))
    return SimpleNamespace(
        **{
            name: value(names) if name == "gpu" else value(names, attempt)
            for name, value in found.resources(rule).items()
        }
    )


def test_a_trainings_time_is_a_margin_over_what_plan_estimates(monkeypatch):
    monkeypatch.setattr(resources, "LEAST_MINUTES", 7)
    monkeypatch.setattr(resources, "MARGIN", 2)
    monkeypatch.setitem(costs.TRAININGS, "mask-rcnn_r50_fpn", costs.Training(0.6, "gpu", 50_000_000, ""))
    # 1,000 images in 12 epochs at 0.6 s are 120 minutes.
    assert asked(estimates(), "train_model").runtime == 7 + 240
    assert asked(estimates(), "train_model").disk_mb == 150
    assert asked(estimates(), "predict").runtime == 7 + 1  # 100 images at a third of it are 20 s
    monkeypatch.setitem(costs.TRAININGS, "mask-rcnn_r50_fpn", costs.Training(0.6, "gpu", 50_000_000, "", evaluation=3))
    assert asked(estimates(), "predict").runtime == 7 + 6
    assert asked(estimates(runtime={"gpus": 4}), "train_model").runtime == 7 + 60
    assert asked(estimates(runtime={"device": "cpu"}), "train_model").runtime == 7 + 24_000


def test_a_pose_models_time_follows_people_and_its_210_epochs(monkeypatch):
    monkeypatch.setattr(resources, "LEAST_MINUTES", 0)
    monkeypatch.setattr(resources, "MARGIN", 1)
    monkeypatch.setitem(costs.TRAININGS, "td-hm_r50_256x192", costs.Training(0.06, "gpu", 1, ""))
    assert asked(estimates(), "train_model", model="pose").runtime == math.ceil(2750 * 210 * 0.06 / 60)


def test_labels_are_remade_by_a_pass_over_the_training_images(monkeypatch):
    monkeypatch.setattr(resources, "LEAST_MINUTES", 0)
    monkeypatch.setattr(resources, "MARGIN", 1)
    monkeypatch.setattr(costs, "EVALUATION_SHARE", 0.25)
    monkeypatch.setattr(costs, "LABEL_BYTES", 50_000)
    monkeypatch.setitem(costs.TRAININGS, "mask-rcnn_r50_fpn", costs.Training(0.6, "gpu", 1, ""))
    found = asked(estimates(10_000, runtime={"device": "cuda"}), "relabel")
    assert (found.runtime, found.disk_mb, found.gpu) == (25, 500, 1)


@pytest.mark.parametrize(
    "rule",
    [
        "relabel",
        "train_model",
        "train_generator",
        "anonymize_shard",
        "predict",
        "score",
        "resample",
        "diagnose",
        "contrast",
        "summarize",
    ],
)
def test_more_of_time_memory_and_disk_with_every_attempt(rule):
    first, second, third = (asked(estimates(), rule, attempt) for attempt in (1, 2, 3))
    for name in ("mem_mb", "runtime", "disk_mb"):
        one = getattr(first, name)
        assert (getattr(second, name), getattr(third, name)) == (2 * one, 3 * one)
        assert one >= 1
    assert first.gpu == second.gpu == third.gpu


@pytest.mark.parametrize(
    ("rule", "wildcards"),
    [
        ("relabel", {}), ("train_model", {}), ("predict", {}), ("score", {}), ("resample", {}), ("diagnose", {}),
        ("contrast", {}),
        ("convert_split", {}),
        ("find_regions", {}), ("train_generator", {}), ("anonymize_shard", {}), ("anonymize_shard", {"method": "gan"}),
        ("compose_variant", {}),
    ],
)  # fmt: skip
def test_memory_follows_the_size_of_a_split(rule, wildcards):
    small, large = (asked(estimates(images), rule, **wildcards) for images in (100, 100_000))
    assert large.mem_mb - small.mem_mb > 500


@pytest.mark.parametrize(("method", "rule"), [("blur", "anonymize_shard"), ("gan", "anonymize_shard")])
def test_a_shard_takes_its_share(method, rule):
    whole, share = (asked(estimates(80_000, shards), rule, method=method, shards=str(shards)) for shards in (1, 8))
    least = resources.LEAST_MINUTES
    assert share.runtime - least == pytest.approx((whole.runtime - least) / 8, abs=1)
    assert share.disk_mb == pytest.approx(whole.disk_mb / 8, abs=1)
    assert share.mem_mb < whole.mem_mb


def test_gpus_belong_to_what_computes_on_them():
    def gpus(runtime: dict) -> dict[str, int]:
        found = estimates(runtime=runtime)
        jobs = {"find_regions": {"region": "face"}, "blur": {"method": "blur"}, "gan": {"method": "gan"}}
        rules = ["convert_split", "train_generator", "relabel", "train_model", "predict", "score", "summarize"]
        asking = {rule: asked(found, rule).gpu for rule in rules}
        return asking | {
            name: asked(found, "find_regions" if name == "find_regions" else "anonymize_shard", **wildcards).gpu
            for name, wildcards in jobs.items()
        }

    none = dict.fromkeys(gpus({}), 0)
    one = none | {"train_generator": 1, "relabel": 1, "train_model": 1, "predict": 1, "gan": 1}
    assert gpus({"device": "auto"}) == gpus({"device": "cuda"}) == one
    assert gpus({"gpus": 4}) == one | {"train_model": 4}
    assert gpus({"device": "cpu", "gpus": 4}) == none


def test_several_gpus_get_their_cpus_and_memory():
    one, four = estimates(runtime={"threads": 6}), estimates(runtime={"threads": 6, "gpus": 4})
    assert [found.threads("train_model") for found in (one, four)] == [6, 24]
    assert [found.threads(rule) for rule in ("relabel", "predict", "resample") for found in (one, four)] == 6 * [6]
    assert [one.threads(rule) for rule in ("train_generator", "score")] == [6, 1]
    more = asked(four, "train_model").mem_mb - asked(one, "train_model").mem_mb
    assert more == 3 * (resources.TORCH + resources.CUDA)


def test_anonymizing_takes_a_cpu_for_a_minute_of_its_work(monkeypatch):
    monkeypatch.setitem(costs.ANONYMIZE, "blur", 0.1)
    shard = SimpleNamespace(dataset="toy", split="train", region="body", method="blur", level="low", shards="2")
    # Images of a megapixel in two shards: 5, 65 and 5,000 s.
    for images, cpus in ((100, 1), (1300, 2), (100_000, 8)):
        found = estimates(images)
        assert found.threads("anonymize_shard")(shard) == cpus
        assert asked(found, "anonymize_shard", shards="2").runtime == pytest.approx(
            resources.LEAST_MINUTES + resources.MARGIN * images * 0.05 / cpus / 60, abs=1
        )


def test_resampling_follows_the_number_of_resamples(monkeypatch):
    monkeypatch.setattr(costs, "RESAMPLE", 0.3)
    monkeypatch.setattr(costs, "RESAMPLE_BYTES", 500)
    once, often = (estimates(100_000, statistics={"resamples": number}) for number in (1000, 9000))
    # 10,000 images to validate on, of which each is matched and drawn a thousand times, or nine thousand times.
    assert [asked(found, "resample").runtime for found in (once, often)] == [15 + 3 * 100, 15 + 3 * 500]
    assert [asked(found, "resample").disk_mb for found in (once, often)] == [1, 9]  # of two tasks
    more = asked(often, "resample").mem_mb - asked(once, "resample").mem_mb
    assert more == pytest.approx(10_000 * 8000 * resources.DRAWN, abs=1)


def test_leaving_out_images_takes_no_time_and_a_cpu_all_the_same():
    found = asked(estimates(), "anonymize_shard", method="drop_images")
    assert found.runtime == resources.LEAST_MINUTES and found.mem_mb > resources.PLAIN


def test_a_generators_time_follows_its_size_and_its_device():
    def work(**changes: Any) -> float:
        found = estimates(images=100_000, max_people=50_000, **changes)
        return asked(found, "train_generator").runtime - resources.LEAST_MINUTES

    cpu = {"device": "cpu"}
    assert work(runtime=cpu, channels=32) == pytest.approx(4 * work(runtime=cpu), rel=1e-3)
    assert work(runtime=cpu, height=512) == pytest.approx(2 * work(runtime=cpu), rel=1e-3)
    assert work(runtime=cpu) == pytest.approx(resources.CORES_OF_A_GPU * work(), rel=0.01)
    # 10 epochs of 50,000 people.
    assert work(runtime=cpu) == pytest.approx(resources.MARGIN * costs.GENERATOR * 500_000 / 60, abs=1)


def test_what_nobody_knows_gets_a_sensible_default(monkeypatch, tmp_path):
    monkeypatch.setattr(FORMATS["scenes"], "size", lambda self, split: None)
    (tmp_path / "mine.py").write_text(f"_base_ = '{ROOT}/config/models/_base_/runtime.py'\ntrain_cfg = dict(x=1)\n")
    monkeypatch.setitem(SMALL, "config", str(tmp_path / "mine.py"))
    found = estimates()
    # 9 epochs, of the base, of 20,000 images as fast as Mask R-CNN R50-FPN.
    seconds = 9 * 20_000 * costs.TRAININGS["mask-rcnn_r50_fpn"].seconds
    assert asked(found, "train_model", model="small").runtime == pytest.approx(15 + 3 * seconds / 60, abs=1)
    assert asked(found, "score").mem_mb == resources.PLAIN + 20_000 * resources.MATCHED


def test_a_sample_is_converted_with_the_list_of_the_whole():
    raw = {
        "datasets": {"toy": {"format": "coco2017", "take": {"train": 500}}},
        "methods": {"blur": {"low": {"sigma": 0.1}}},
        "models": {"det": SMALL},
        "study": [
            {"datasets": ["toy"], "models": ["det"], "regions": ["body"], "methods": ["blur"], "levels": ["low"]}
        ],
    }
    found = asked(Estimates(load(raw)), "convert_split")
    assert found.mem_mb == math.ceil(resources.PLAIN + resources.LISTED * 118_287)
    assert found.disk_mb == math.ceil(costs.ORIGINAL_BYTES * 500 * costs.USUAL_PIXELS / 1e6)


def test_a_rule_that_nobody_estimates_is_an_error():
    with pytest.raises(AttributeError, match="no_rule"):
        estimates().resources("no_rule")


def test_thirty_thousand_jobs_read_each_dataset_and_model_once(monkeypatch):
    asked_for = []
    monkeypatch.setattr(
        FORMATS["scenes"], "size", lambda self, split: asked_for.append(split) or resources.SplitSize(100)
    )
    monkeypatch.setattr(resources, "model_config_epochs", lambda config: asked_for.append(config) or 12)
    found = estimates()
    for seed in range(500):
        for attempt in (1, 2):
            for rule in ("train_model", "predict", "score"):
                asked(found, rule, attempt, seed=str(seed))
    assert sorted(asked_for) == [DETECTOR["config"], "train", "val"]


@pytest.mark.slow
def test_snakemake_reads_all_four_of_every_rule(tmp_path: Path) -> None:
    project = Project.create(tmp_path, toy_config())
    del project.config["datasets"]["ped"]["archive"], project.config["study"][-1]  # to be fetched; and nobody's own
    project.config["models"]["det"]["config"] = DETECTOR["config"]  # which starts from weights to be fetched
    listed = project.snakemake("--list-rules")
    rules = set(re.findall(r"^(\w+)$", listed.stdout, re.MULTILINE)) - {"all", "plan", "costs", "partial", "certify"}
    assert "train_model" in rules
    exported = "resources/variants/ped/train/original/images"
    errors = "results/errors/tiny/det/original/seed0/original.json"
    project.config["attacks"] = {"naive": {"attack": "naive"}}
    project.config["generators"]["tiny_body"]["serves"].append("crowd")
    project.config["privacy"] = [{"datasets": ["crowd"], "serves": ["tiny"], "regions": ["body"], "attacks": ["naive"]}]
    certificate = "results/certificates/tiny/body-blur-medium.json"
    labels = "results/labels/tiny/pose/body-gan-medium/seed0/train.json"
    dry = project.snakemake("results/report.html", exported, errors, certificate, labels, "--dry-run")
    assert dry.returncode == 0, dry.stdout + dry.stderr
    printed = re.findall(
        r"^(?:local)?rule (\w+):\n(?: .*\n)*? +resources: (.*)$", dry.stdout + dry.stderr, re.MULTILINE
    )
    assert {rule for rule, _ in printed} == rules
    for rule, values in printed:
        found = dict(value.split("=") for value in values.split(", "))
        assert {"mem_mb", "runtime", "disk_mb", "gpu"} <= found.keys(), rule
        assert min(int(found[name]) for name in ("mem_mb", "runtime", "disk_mb")) > 0, rule
        assert (
            found["gpu"] == str(int(rule in ("train_model", "predict", "relabel", "train_generator", "attack")))
            or "shard" in rule
        )
