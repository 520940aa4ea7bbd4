"""The long form and the table of main metrics, from hand-made cells."""

import io

import pandas as pd
import pytest

from anonbench.evaluate.cell import Stratum
from anonbench.report.summary import COLUMNS, summarize
from tests.helpers.cells import cell


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


def test_the_originals_model_on_a_variants_images_has_a_drop_of_its_own():
    cells = [
        cell("original", 0.5),
        cell("original", 0.2, evaluated_on="body-blur-low"),
        cell("body-blur-low", 0.4),
        cell("body-blur-low", 0.3, evaluated_on="anonymized"),
    ]
    table = summarize(cells)
    rows = table[(table.metric == "AP") & (table.category == "all")]
    drops = {(row.method, row.evaluated_on): row["drop"] for _, row in rows.iterrows()}
    assert drops == pytest.approx(
        {
            ("original", "original"): 0, ("original", "body-blur-low"): 0.3,
            ("blur", "original"): 0.1, ("blur", "anonymized"): 0.2,
        }
    )  # fmt: skip


def test_draws_have_rows_of_their_own_and_are_averaged_in_the_tables():
    variants = {"original": 0.5, "body-gan-low": 0.4, "body-gan-low-draw1": 0.2, "body-blur-low": 0.1}
    table = summarize([cell(v, ap + seed / 10, seed) for v, ap in variants.items() for seed in (0, 1)])
    rows = table[(table.metric == "AP") & (table.category == "all") & (table.method == "gan")]
    assert list(table.columns)[5:10] == ["level", "labels", "seed", "draw", "evaluated_on"]
    assert rows.set_index(["seed", "draw"])["drop"].to_dict() == pytest.approx(
        {(0, 0): 0.1, (0, 1): 0.3, (1, 0): 0.1, (1, 1): 0.3}
    )


def test_remade_labels_have_rows_of_their_own():
    variants = {"original": 0.5, "body-gan-low": 0.2, "body-gan-low-remade": 0.4, "body-gan-low-draw1-remade": 0.3}
    table = summarize([cell(v, ap) for v, ap in variants.items()])
    rows = table[(table.metric == "AP") & (table.category == "all")].set_index(["method", "labels", "draw"])
    assert rows["drop"].to_dict() == pytest.approx(
        {("original", "kept", 0): 0, ("gan", "kept", 0): 0.3, ("gan", "remade", 0): 0.1, ("gan", "remade", 1): 0.2}
    )


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


def test_strata_have_rows_and_drops_of_their_own():
    cells = []
    for variant, low, high in (("original", 0.8, 0.9), ("face-blur-low", 0.3, None)):
        strata = {"height_px": {"<32": Stratum(instances=3, metrics={"AP": low}),
                                "32-64": Stratum(instances=6, metrics={"AP": high})}}  # fmt: skip
        one = cell(variant, 0.5)
        cells.append(
            one.model_copy(
                update={"tasks": {"detection": one.tasks["detection"].model_copy(update={"strata": strata})}}
            )
        )
    table = summarize(cells)
    rows = table[(table.scope == "height_px") & (table.method == "blur")].set_index("category")
    assert rows["drop"]["<32"] == pytest.approx(0.5) and rows["drop"].isna().to_dict() == {"<32": False, "32-64": True}
    assert rows.instances.to_dict() == {"<32": 3, "32-64": 6}


FAMILIES = ("person", "vehicle", "vehicle", "vehicle")


def test_super_categories_are_the_mean_of_their_categories_and_drop_as_such():
    table = summarize([cell("original", 0.6, families=FAMILIES), cell("body-blur-low", 0.2, families=FAMILIES)])
    rows = table[(table.scope == "supercategory") & (table.method == "blur")].set_index("category")
    assert rows.value.to_dict() == pytest.approx({"person": 0.2, "vehicle": (0.5 + 0.3) / 2})  # no bus defines it
    assert rows["drop"].to_dict() == pytest.approx({"person": 0.4, "vehicle": 0.2})
    assert rows.instances.to_dict() == {"person": 5, "vehicle": 6}
    # A category may have the name of its super-category.
    assert len(table[(table.category == "person") & (table.method == "blur")]) == 2


@pytest.mark.parametrize("families", [["thing"] * 4, ["person", "car", "truck", "bus"]])
def test_one_super_category_or_one_a_category_says_nothing_new(families):
    assert set(summarize([cell("original", 0.6, families=families)]).scope) == {"all", "category"}
