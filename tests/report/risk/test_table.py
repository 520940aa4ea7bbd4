"""The table of what attackers reach."""

import pandas as pd
import pytest

from anonbench.config.statistics import StatisticsConfig
from anonbench.report.risk.table import COLUMNS, privacy_table
from anonbench.report.risk.worst import BOUND, RISK, with_risk, worst_attacks
from tests.report.risk.test_outcomes import linked, result

SERVES = [("d", "face", "study"), ("d", "body", "elsewhere")]


def table(*results, serves=SERVES):
    return privacy_table(results, serves, StatisticsConfig(resamples=50))


def attacked(variant, better, gallery=3):
    return result(linked=[linked(gallery, better)]).model_copy(update={"variant": variant})


def test_a_variant_stands_beside_its_anchors():
    rows = table(
        attacked("face-blur-low", [0, 0, 2, 2]), attacked("face-clear", [0] * 4), attacked("face-control", [0, 2, 2, 2])
    )
    assert list(rows.columns) == COLUMNS
    row = rows[(rows.variant == "face-blur-low") & rows.headline].iloc[0]
    assert (row.method, row.level, row.criterion, row.gallery) == ("blur", "low", "rank1", 3)
    assert (row.value, row.control, row.clear) == (0.5, 0.25, 1.0)
    assert row.excess == pytest.approx(1 / 3) and row.excess_low < 1 / 3 < row.excess_high
    assert row.chance == pytest.approx(1 / 3) and (row.identities, row.probes) == (4, 4)
    control = rows[(rows.variant == "face-control") & rows.headline].iloc[0]
    assert (control.method, control.level, control.excess) == ("control", "none", 0)


def test_the_headline_is_rank_1_in_a_hundred_people():
    rows = table(attacked("face-blur-low", [0] * 5, gallery=300))
    assert rows[rows.headline][["criterion", "gallery"]].to_numpy().tolist() == [["rank1", 100]]


def test_without_anchors_there_is_no_excess():
    rows = table(attacked("face-blur-low", [0, 1]))
    assert rows[["control", "clear", "excess", "excess_high"]].isna().all(axis=None)


def test_a_row_is_there_once_for_each_dataset_that_is_judged():
    one = attacked("face-blur-low", [0, 1])
    assert set(table(one, serves=[("d", "face", "a"), ("d", "face", "b")]).serves) == {"a", "b"}
    assert set(table(one).serves) == {"study"}


def test_a_study_without_attacks_has_an_empty_table():
    assert table().empty and list(table().columns) == COLUMNS


def test_a_variant_is_judged_by_its_worst_attacker():
    results = [
        one.model_copy(update={"attack": name})
        for name, better in (("weak", [2, 2, 2, 0]), ("strong", [0, 0, 2, 2]))
        for one in (attacked("face-blur-low", better), attacked("face-control", [2, 2, 2, 2]))
    ]
    (_, row), (_, control) = worst_attacks(table(*results)).set_index("method").iterrows()
    assert (row.name, row.attack, row.excess) == ("blur", "strong", 0.5)
    assert control.excess == 0 and control.excess_high > 0.3


def test_the_result_matrix_has_the_risk_of_each_variant():
    summary = pd.DataFrame(
        [
            ("study", "face", "blur", "low", 1.0),
            ("study", "body", "blur", "low", 2.0),
            ("other", "face", "blur", "low", 3.0),
        ],
        columns=["dataset", "region", "method", "level", "value"],
    )
    privacy = table(attacked("face-blur-low", [0, 0, 2, 2]), attacked("face-control", [2, 2, 2, 2]))
    found = with_risk(summary, privacy)
    assert found.value.tolist() == [1, 2, 3]
    assert found[RISK].fillna(-1).tolist() == [0.5, -1, -1] and found[BOUND].notna().tolist() == [True, False, False]
    assert with_risk(summary, table())[RISK].isna().all()
