"""Which unit cost holds for a piece of work."""

from __future__ import annotations

import pytest

from anonbench.study import costs
from anonbench.study.units import Unit, find, shipped

HERE = "here"


def unit(seconds: float) -> Unit:
    return Unit(seconds=seconds, on="core", machine=HERE)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("48x96x12", 1.0),  # the very one
        ("50x96x12", 1.0),  # the closest in pixels
        ("128x128x12", 2.0),
        ("48x96x11", 1.0),  # a narrower one is taken to be no cheaper
        ("48x96x13", 3.0),  # the narrowest that is wide enough, although others are closer in pixels
        ("48x96x64", 4.0),
        ("48x96x65", None),
    ],
)
def test_a_generator_costs_what_the_closest_one_that_is_wide_enough_costs(wanted: str, expected: float | None) -> None:
    sizes = {"48x96x12": 1.0, "96x192x12": 2.0, "8x8x16": 3.0, "48x96x64": 4.0}
    units = {f"learn {size}": unit(seconds) for size, seconds in sizes.items()} | {"synthesize 48x96x65": unit(9)}
    found = find(units, f"learn {wanted}")
    assert (found and found.seconds) == expected


def test_a_models_predictions_cost_what_was_measured_else_a_share_of_its_training() -> None:
    units = {"train mine": unit(3.0), "train theirs": unit(6.0), "predict theirs": unit(0.5)}
    assert find(units, "predict mine") == unit(1.0)
    assert find(units, "predict theirs") == unit(0.5)
    assert find(units, "train other") is find(units, "predict other") is None


def test_a_model_that_is_evaluated_on_larger_images_than_it_learns_from_has_a_share_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(costs.TRAININGS, "crops", costs.Training(0.1, "core", 1, "", evaluation=2.5))
    assert find({}, "predict crops_mine").seconds == 0.25
    assert find({"train crops_mine": unit(4.0)}, "predict crops_mine") == unit(10.0)


def test_a_model_that_was_not_measured_here_costs_what_ships_with_the_library() -> None:
    found = find({}, "train td-hm_r50_256x192_mine")
    assert found == Unit(seconds=0.0152 / 64, on="gpu", machine=costs.GPU)
    assert find({}, "predict mask-rcnn_mobilenetv2_demo").machine == costs.CORE


def test_the_shipped_costs_of_generators_are_those_of_the_measured_sizes() -> None:
    units = shipped()
    assert units["learn 128x256x16"].seconds * 0.032768 == pytest.approx(0.167)
    assert units["synthesize 128x256x16"].seconds * 0.032768 == pytest.approx(0.08)
    assert units["learn 160x288x64"].seconds * 0.04608 == pytest.approx(0.2008 / 32)
    assert units["learn 160x288x64"].on == "gpu" and units["learn 128x256x16"].on == "core"
