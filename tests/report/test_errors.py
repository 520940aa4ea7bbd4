"""The changes of errors, from hand-made records."""

import pandas as pd
import pytest

from anonbench.evaluate.errors.record import CellErrors, Decomposition, Error, TaskErrors
from anonbench.report.errors import COLUMNS, error_table


def table_of(cells):
    return error_table(cells, 0.95)


def cell(variant, missed, seed=0, evaluated_on="original", person=0.1):
    errors = {"missed": Error(count=round(100 * (missed or 0)), dap=missed), "both": Error(count=1, dap=0.01)}
    part = Decomposition(ap=0.5, errors={"missed": Error(count=7, dap=person)})
    task = TaskErrors(ap=0.5, errors=errors, judged=9, categories={"person": part})
    return CellErrors(
        dataset="d", model="m", variant=variant, seed=seed, evaluated_on=evaluated_on, tasks={"detection": task}
    )


def row(table, **chosen):
    for key, value in chosen.items():
        table = table[table[key] == value]
    (found,) = table.to_dict("records")
    return found


CELLS = [cell("original", 0.1), cell("original", 0.3, seed=1), cell("face-blur-low", 0.5, person=0.4),
         cell("face-blur-low", 0.2, seed=1, person=0.2), cell("original", 0.9, evaluated_on="anonymized"),
         cell("body-blur-low", 0.1, seed=1)]  # fmt: skip


def test_the_change_is_between_the_means_over_the_seeds():
    table = table_of(CELLS)
    assert list(table.columns) == COLUMNS
    found = row(table, region="face", scope="all", error="missed")
    assert (found["dap"], found["baseline"], found["change"]) == pytest.approx((0.35, 0.2, 0.15))
    assert (found["count"], found["seeds"]) == (35, 2)
    # Also where the original has a seed more.
    found = row(table, region="body", scope="all", error="missed")
    assert (found["change"], found["seeds"]) == (pytest.approx(-0.1), 1)


def test_remade_labels_have_changes_of_their_own():
    table = error_table([*CELLS, cell("body-gan-low", 0.6), cell("body-gan-low-remade", 0.3)], 0.95)
    found = {
        labels: row(table, method="gan", labels=labels, scope="all", error="missed")["change"]
        for labels in ("kept", "remade")
    }
    assert found == pytest.approx({"kept": 0.4, "remade": 0.1})


def test_categories_have_changes_of_their_own():
    found = row(table_of(CELLS), region="face", scope="category", category="person", error="missed")
    assert (found["dap"], found["change"], found["count"]) == pytest.approx((0.3, 0.2, 7))


def test_originals_on_other_images_are_measured_and_those_on_the_originals_are_the_measure():
    table = table_of(CELLS)
    assert row(table, method="original", scope="all", error="missed")["change"] == pytest.approx(0.7)
    assert set(table[table.method == "original"].evaluated_on) == {"anonymized"}


def test_rows_do_not_depend_on_the_order_of_cells_and_errors_keep_theirs():
    table = table_of(CELLS)
    pd.testing.assert_frame_equal(table_of(CELLS[::-1]), table)
    assert list(table[(table.region == "face") & (table.scope == "all")].error) == ["missed", "both"]
    assert list(dict.fromkeys(table.region)) == ["body", "face", "none"]


def test_what_is_undefined_or_has_no_original_is_empty():
    found = row(table_of([cell("face-blur-low", None), cell("original", 0.1)]), scope="all", error="missed")
    assert pd.isna(found["dap"]) and pd.isna(found["change"]) and found["count"] == 0
    found = row(table_of([cell("face-blur-low", 0.2)]), scope="all", error="missed")
    assert found["dap"] == 0.2 and pd.isna(found["baseline"]) and pd.isna(found["change"])
    assert list(table_of([]).columns) == COLUMNS and not len(table_of([]))


def test_the_noise_floor_is_that_of_the_originals_cost():
    found = row(table_of(CELLS), region="face", scope="all", error="missed")
    # t(0.975, 1) = 12.706, sd of 0.1 and 0.3, and sqrt(2 / 2)
    assert found["noise"] == pytest.approx(12.7062 * 0.2 / 2**0.5, rel=1e-4)
    one = [other for other in CELLS if other.variant != "original" or other.seed == 0]
    assert table_of(one).noise.isna().all()


def test_people_and_others_have_rows_of_their_own():
    cells = []
    for variant, dap in (("original", 0.1), ("face-blur-low", 0.4)):
        one = cell(variant, 0.2)
        part = Decomposition(ap=0.5, errors={"missed": Error(count=3, dap=dap)})
        task = one.tasks["detection"].model_copy(update={"groups": {"people": part, "others": part}})
        cells.append(one.model_copy(update={"tasks": {"detection": task}}))
    table = table_of(cells)
    assert row(table, scope="who", category="people")["change"] == pytest.approx(0.3)
    assert row(table, scope="all", error="missed")["change"] == 0
    assert set(table[table.scope == "who"].category) == {"people", "others"}
