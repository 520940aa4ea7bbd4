"""Which attacks a study makes, which variants it certifies, and what their certificates rest on."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml

from anonbench.common.errors import UserError
from anonbench.common.root import ROOT
from anonbench.config.cells import Variant
from anonbench.config.config import Config
from anonbench.config.privacy import Attacked
from anonbench.study.certified import (
    Certified,
    anchors_on,
    attacks_on,
    certified,
    generators_on,
    splits_of,
    subject_of,
)
from anonbench.study.checks import load
from anonbench.study.jobs import Study
from anonbench.study.needs import attacks_of, inspected, inspected_splits, looked_at, needed_splits

BODY, FACE = {"region": "body"}, {"region": "face"}
GENERATOR = {
    "learns": {"dataset": "scenes", "split": "generator"},
    "width": 32,
    "height": 32,
    "channels": 4,
    "epochs": 1,
}


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.fixture
def raw() -> dict[str, Any]:
    """Two datasets; `crowd` is attacked in the place of `scenes`."""
    raw = copy.deepcopy(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    raw["datasets"]["crowd"] = raw["datasets"]["scenes_bodies"] | {"splits": {"train": 160, "val": 160}, "seed": 7}
    raw["generators"] = {
        "own_body": GENERATOR | BODY | {"serves": ["scenes"]},
        "crowd_body": GENERATOR | BODY | {"serves": ["crowd"], "max_people": 50},
        "face": GENERATOR | FACE | {"serves": ["scenes", "crowd"]},
    }
    block = {"datasets": ["scenes"], "models": ["mask-rcnn_demo"], "seeds": [0]}
    raw["study"] = [
        block | {"regions": ["body"], "methods": ["blur", "gan"], "levels": ["medium"]},
        block | {"regions": ["face"], "methods": ["mask_out"], "levels": ["high"]},
    ]
    raw["attacks"] = {"residual": {"attack": "residual"}, "memory": {"attack": "memory"}}
    raw["privacy"] = [
        {"datasets": ["crowd"], "serves": ["scenes"], "regions": ["body"], "attacks": ["memory"]},
        {"datasets": ["crowd"], "serves": ["scenes"], "regions": ["face"], "attacks": ["residual"]},
    ]
    return raw


@pytest.fixture
def config(raw: dict[str, Any]) -> Config:
    return load(raw)


GAN, MASKED = Variant("body", "gan", "medium"), Variant("face", "mask_out", "high")


def test_every_block_attacks_its_variants_and_memory_those_of_generators_alone(config: Config) -> None:
    assert attacks_of(config) == [
        Attacked("crowd", "body-gan-medium", "memory"),
        Attacked("crowd", "face-clear", "residual"),
        Attacked("crowd", "face-control", "residual"),
        Attacked("crowd", "face-mask_out-high", "residual"),
    ]


def test_memory_looks_at_the_people_a_generator_learned_from_and_at_others(config: Config) -> None:
    (generator,) = inspected(config, Attacked("crowd", "body-gan-medium", "memory"))
    assert generator.max_people == 50
    assert looked_at(generator) == [("scenes", "generator"), ("scenes", "val")]
    assert inspected(config, Attacked("crowd", "face-mask_out-high", "residual")) == []
    assert inspected_splits(config) == {("scenes", "generator", "body"), ("scenes", "val", "body")}
    study = Study(config)
    assert ("scenes", "val", "body") in study.searched and ("scenes", "generator") in study.splits


def test_what_memory_looks_at_is_needed_even_of_a_generator_trained_elsewhere(raw: dict[str, Any], tmp_path) -> None:
    trained = tmp_path / "generator.safetensors"
    trained.write_bytes(b"")
    for name in ("own_body", "crowd_body"):
        raw["generators"][name]["trained"] = str(trained)
    assert needed_splits(load(raw))["scenes"] == ["generator", "train", "val"]
    del raw["privacy"][0]
    assert needed_splits(load(raw))["scenes"] == ["train", "val"]


def test_faces_alone_are_looked_for(raw: dict[str, Any]) -> None:
    raw["privacy"][1]["regions"] = ["face", "body"]
    with pytest.raises(
        UserError, match=r"privacy\[1\] asks for the attack residual on a body, .* on a face alone"
    ) as e:
        load(raw)
    assert "regions: [face]" in e.value.fix


def test_memory_needs_a_method_with_a_generator(raw: dict[str, Any]) -> None:
    raw["privacy"][0] |= {"methods": ["blur"], "levels": ["medium"]}
    with pytest.raises(UserError, match=r"privacy\[0\] asks for the attack memory on generators, but none") as error:
        load(raw)
    assert "such as gan" in error.value.fix


@pytest.mark.parametrize(("key", "value"), [("people", 3), ("draws", 0), ("detector", "yunet")])
def test_parameters_out_of_their_range_are_refused(raw: dict[str, Any], key: str, value: object) -> None:
    raw["attacks"]["memory"][key] = value
    with pytest.raises(UserError, match=key):
        load(raw)


def test_every_attacked_variant_is_certified_for_the_dataset_it_serves(config: Config) -> None:
    assert certified(config) == [Certified("scenes", GAN), Certified("scenes", MASKED)]
    assert Certified("scenes", GAN).path == "results/certificates/scenes/body-gan-medium"


def test_a_certificate_rests_on_its_attacks_anchors_splits_and_generators(config: Config) -> None:
    gan, masked = certified(config)
    assert attacks_on(config, gan) == [Attacked("crowd", "body-gan-medium", "memory")]
    assert anchors_on(config, gan) == []
    assert [one.variant for one in anchors_on(config, masked)] == ["face-clear", "face-control"]
    assert splits_of(config, gan) == [("crowd", "train"), ("crowd", "val"), ("scenes", "train")]
    assert generators_on(config, gan) == ["crowd_body", "own_body"]
    assert generators_on(config, masked) == []


def test_a_variant_that_the_study_does_not_make_has_no_split_of_its_own(raw: dict[str, Any]) -> None:
    raw["privacy"][1] |= {"methods": ["blur"], "levels": ["low"]}
    config = load(raw)
    blurred = Certified("scenes", Variant("face", "blur", "low"))
    assert blurred in certified(config)
    assert splits_of(config, blurred) == [("crowd", "train"), ("crowd", "val")]


def test_a_subject_has_what_the_configuration_says_of_it(config: Config) -> None:
    found = subject_of(config, Certified("scenes", GAN), {"anonymizing": "digest"})
    assert (found.plugin, found.parameters["grow"], found.share, found.seed) == ("gan", 0.02, 1.0, 0)
    assert found.does.startswith("Fill each region with a person who does not exist")
    assert found.attacked == ["crowd"] and [attack.name for attack in found.attacks] == ["memory"]
    assert found.attacks[0].parameters["people"] == 300 and "whom it learned from" in found.attacks[0].does
    assert {"naive", "parrot"} <= set(found.not_tried) and not {"memory", "residual"} & set(found.not_tried)
    assert set(found.configuration["generators"]) == {"crowd_body", "own_body"}
    assert list(found.configuration["methods"]["gan"]) == ["medium"]
    assert [block["attacks"] for block in found.configuration["privacy"]] == [["memory"]]
    masked = subject_of(config, Certified("scenes", MASKED), {})
    assert "memory" not in masked.not_tried and "naive" in masked.not_tried


def test_a_generator_of_two_splits_is_compared_with_others_of_both(raw: dict[str, Any]) -> None:
    learns = [{"dataset": "scenes", "split": "train"}, {"dataset": "crowd"}]
    raw["generators"]["crowd_body"]["learns"] = learns
    config = load(raw)
    (generator,) = inspected(config, Attacked("crowd", "body-gan-medium", "memory"))
    assert looked_at(generator) == [("scenes", "train"), ("crowd", "train"), ("scenes", "val"), ("crowd", "val")]
    study = Study(config)
    assert study.learned["crowd_body"] == [("scenes", "train"), ("crowd", "train")]
    assert {("scenes", "train", "body"), ("crowd", "train", "body")} <= study.searched
