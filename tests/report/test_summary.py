"""The long form and the table of main metrics, from hand-made cells."""

import io

import pandas as pd
import pytest

from anonbench.report.summary import COLUMNS, main_table, summarize


def cell(variant, ap, seed=0, evaluated_on="original", person=None):
    return {
        "dataset": "d",
        "model": "m",
        "variant": variant,
        "seed": seed,
        "evaluated_on": evaluated_on,
        "images": 7,
        "tasks": {
            "detection": {
                "instances": 9,
                "metrics": {"AP": ap, "AP50": 0.9, "AP_small": None},
                "categories": {
                    "person": {"instances": 5, "AP": ap if person is None else person},
                    "car": {"instances": 4, "AP": 0.5},
                },
            }
        },
    }


def test_drop_is_measured_against_the_original_of_the_same_seed():
    table = summarize(
        [
            cell("original", 0.5),
            cell("original", 0.7, seed=1),
            cell("body-blur-low", 0.4),
            cell("body-blur-low", 0.8, seed=1),
        ]
    )
    rows = table[(table.metric == "AP") & (table.category == "all") & (table.method == "blur")].set_index("seed")
    assert rows["drop"].to_dict() == pytest.approx({0: 0.1, 1: -0.1})
    assert rows["baseline"].to_dict() == {0: 0.5, 1: 0.7}
    assert (rows["images"] == 7).all() and (rows["instances"] == 9).all()


def test_anonymized_evaluation_is_measured_against_the_plain_original():
    table = summarize([cell("original", 0.5), cell("face-blur-low", 0.3, evaluated_on="anonymized")])
    row = table[(table.evaluated_on == "anonymized") & (table.metric == "AP") & (table.category == "all")].iloc[0]
    assert row["drop"] == pytest.approx(0.2)


def test_long_form_survives_a_csv_round_trip_and_is_stable():
    cells = [cell("original", 0.5), cell("face-blur-low", 0.3)]
    text = summarize(cells).to_csv(index=False)
    assert summarize(reversed(cells)).to_csv(index=False) == text
    back = pd.read_csv(io.StringIO(text))
    assert list(back.columns) == COLUMNS
    assert set(back.region) == {"none", "face"}
    assert back[back.metric == "AP_small"].value.isna().all()
    assert len(back) == 2 * (3 + 2)


def test_a_missing_baseline_is_an_error():
    with pytest.raises(ValueError, match="no baseline"):
        summarize([cell("face-blur-low", 0.3)])


def test_main_table_gives_points_and_spread_with_the_original_first():
    text = main_table(
        summarize(
            [cell(v, ap + s / 10, seed=s) for v, ap in (("body-blur-low", 0.1), ("original", 0.5)) for s in (0, 1)]
        )
    )
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert rows[1].count("original") == 1 and "55.0 ± 7.1" in rows[1]
    assert "15.0 ± 7.1" in rows[2] and "40.0 ± 0.0" in rows[2]


def test_categories_have_a_table_of_their_own_only_where_there_are_several():
    assert "AP by category" in main_table(summarize([cell("original", 0.5, person=0.3)]))
    only = cell("original", 0.5)
    del only["tasks"]["detection"]["categories"]["car"]
    assert "AP by category" not in main_table(summarize([only]))
