"""The matrix of an incomplete study: no row is lost."""

from __future__ import annotations

import pandas as pd

from anonbench.evaluate.cell import Stratum
from anonbench.report.partial import summarize_partly
from anonbench.report.summary import summarize
from tests.report.test_summary import cell


def test_a_cell_without_its_baseline_keeps_its_rows_and_has_no_drop() -> None:
    table = summarize_partly(
        [cell("body-blur-low", 0.4), cell("body-blur-low", 0.3, seed=1), cell("original", 0.6, seed=1)]
    )
    rows = table[(table.metric == "AP") & (table.category == "all")].set_index(["method", "seed"])
    assert rows.value.to_dict() == {("blur", 0): 0.4, ("blur", 1): 0.3, ("original", 1): 0.6}
    assert rows["drop"].drop(("blur", 0)).round(9).to_dict() == {("blur", 1): 0.3, ("original", 1): 0.0}
    assert pd.isna(rows.loc[("blur", 0), "drop"]) and pd.isna(rows.loc[("blur", 0), "baseline"])


def test_strata_keep_their_rows_as_well() -> None:
    lonely = cell("body-blur-low", 0.4)
    strata = {"height_px": {"32-64": Stratum(instances=3, metrics={"AP": 0.2})}}
    task = lonely.tasks["detection"].model_copy(update={"strata": strata})
    lonely = lonely.model_copy(update={"tasks": {"detection": task}})
    rows = summarize_partly([lonely])
    (row,) = rows[rows.scope == "height_px"].to_dict("records")
    assert (row["category"], row["value"], row["instances"]) == ("32-64", 0.2, 3)
    assert pd.isna(row["baseline"]) and pd.isna(row["drop"]) and len(rows) == 6


def test_an_original_evaluated_otherwise_is_no_baseline() -> None:
    table = summarize_partly([cell("original", 0.4, evaluated_on="anonymized")])
    assert set(table.evaluated_on) == {"anonymized"} and table["drop"].isna().all() and len(table) == 5


def test_of_a_complete_study_it_is_the_summary() -> None:
    cells = [cell("original", 0.5), cell("body-blur-low", 0.4)]
    pd.testing.assert_frame_equal(summarize_partly(cells), summarize(cells))
    assert summarize_partly([]).empty
