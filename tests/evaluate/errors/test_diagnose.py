"""The errors of groups of categories: who they are of, and what they are together."""

from __future__ import annotations

import numpy as np
import pytest

from anonbench.config.cells import Cell
from anonbench.evaluate.errors.diagnose import diagnose_cell, together
from anonbench.evaluate.errors.record import Decomposition, Error
from tests.helpers.scored import CATEGORIES, annotation, dataset, random_data

CELL = Cell("d", "m", "original", 0, "original")


def part(ap, count, dap):
    return Decomposition(ap=ap, errors={"missed": Error(count=count, dap=dap)})


def test_counts_add_up_and_costs_are_means_over_the_categories_that_have_them():
    found = together([part(0.5, 3, 0.1), part(0.2, 4, 0.4), part(None, 2, None)])
    assert found.ap == pytest.approx(0.35) and found.errors["missed"].count == 9
    assert found.errors["missed"].dap == pytest.approx(0.25)
    assert together([part(None, 1, None)]) == part(None, 1, None)


def test_people_are_told_from_the_others():
    truth, results = random_data(np.random.default_rng(5), images=80)
    task = diagnose_cell(CELL, truth, results, ["detection"]).tasks["detection"]
    assert task.groups["people"] == task.categories["person"] and list(task.groups) == ["people", "others"]
    dog, car = task.categories["dog"], task.categories["car"]
    for kind, error in task.groups["others"].errors.items():
        assert error.count == dog.errors[kind].count + car.errors[kind].count
        assert error.dap == pytest.approx((dog.errors[kind].dap + car.errors[kind].dap) / 2)
    assert sum(error.count for error in task.groups["people"].errors.values()) > 20


def test_people_of_several_categories_are_one_group():
    truth, results = random_data(np.random.default_rng(5), images=80)
    truth["categories"] = [category | {"is_person": category["name"] != "car"} for category in truth["categories"]]
    task = diagnose_cell(CELL, truth, results, ["detection"]).tasks["detection"]
    person, dog = task.categories["person"], task.categories["dog"]
    assert task.groups["people"] == together([person, dog]) and task.groups["others"] == task.categories["car"]


def test_without_other_categories_there_are_no_groups():
    truth = dataset([annotation(1, 1, 2, (10, 10, 20, 20))], categories=CATEGORIES[:1])
    found = [{"image_id": 1, "category_id": 2, "bbox": [10, 10, 20, 20], "score": 0.9}]
    assert diagnose_cell(CELL, truth, {"bbox": found}, ["detection"]).tasks["detection"].groups == {}
