"""The table of what attackers reach."""

import pandas as pd
import pytest

from anonbench.config.statistics import StatisticsConfig
from anonbench.report.linkability import BOUND, with_bounds, worst_attacks
from anonbench.report.risk.table import COLUMNS, privacy_table
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


def test_whoever_sees_the_surroundings_is_no_headline():
    seen = attacked("face-blur-low", [0, 2]).model_copy(update={"surroundings": "shown", "attack": "published"})
    rows = table(attacked("face-blur-low", [0, 1]), seen)
    assert rows[rows.headline].attack.tolist() == ["a"]
    assert rows[rows.criterion == "rank1"].set_index("attack").surroundings.to_dict() == {
        "a": "hidden", "published": "shown",
    }  # fmt: skip


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
    rows = table(*results)
    found = worst_attacks(rows).set_index("method")
    assert found.attack["blur"] == "strong"
    strong = rows[(rows.attack == "strong") & (rows.method == "blur") & rows.headline]
    assert found.bound["blur"] == strong.excess_high.item() > 0.5


def test_the_result_matrix_has_the_bound_of_each_variant():
    summary = pd.DataFrame(
        [
            (*place, "blur", "low", value)
            for value, place in enumerate([("study", "face"), ("study", "body"), ("other", "face")])
        ],
        columns=["dataset", "region", "method", "level", "value"],
    )
    privacy = table(attacked("face-blur-low", [0, 0, 2, 2]), attacked("face-control", [2, 2, 2, 2]))
    found = with_bounds(summary, privacy)
    assert found.value.tolist() == [0, 1, 2]
    assert found[BOUND][0] > 0.5 and found[BOUND][1:].isna().all()
    assert with_bounds(summary, table())[BOUND].isna().all()
