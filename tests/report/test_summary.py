"""The long form and the table of main metrics, from hand-made cells."""

import io

import pandas as pd
import pytest

from anonbench.evaluate.cell import CategoryScores, CellScores, Stratum, TaskScores
from anonbench.report.audit import audit_table
from anonbench.report.summary import COLUMNS, main_table, summarize, write_summary


def category(ap, instances, family=None):
    return CategoryScores(instances=instances, metrics={"AP": ap}, supercategory=family)


def cell(variant, ap, seed=0, evaluated_on="original", person=None, families=None):
    """A cell with a person and a car; ``families`` are their super-categories and those of a truck and a bus."""
    categories = {"person": category(ap if person is None else person, 5), "car": category(0.5, 4)}
    if families:
        values = {"person": (ap, 5), "car": (0.5, 4), "truck": (ap + 0.1, 2), "bus": (None, 0)}
        categories = {name: category(*values[name], family) for name, family in zip(values, families, strict=True)}
    return cell_of(variant, {"AP": ap, "AP50": 0.9, "AP_small": None}, categories, seed, evaluated_on)


def cell_of(variant, metrics, categories, seed=0, evaluated_on="original"):
    scores = TaskScores(instances=9, metrics=metrics, categories=categories)
    return CellScores(
        dataset="d", model="m", variant=variant, seed=seed, evaluated_on=evaluated_on, images=7,
        tasks={"detection": scores},
    )  # fmt: skip


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
    only = cell_of("original", {"AP": 0.5}, {"person": category(0.5, 5)})
    assert "AP by category" not in main_table(summarize([only]))


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
    assert main_table(table) == main_table(summarize([cell("original", 0.5), cell("face-blur-low", 0.5)]))


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


def test_the_table_of_super_categories_says_who_loses():
    cells = [cell(v, ap, families=FAMILIES) for v, ap in (("original", 0.6), ("body-blur-low", 0.2))]
    text = main_table(summarize(cells)).partition("Drop in AP by super-category")[2].partition("AP by category")[0]
    rows = [[value.strip() for value in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert rows == [["region", "method", "level", "person", "vehicle"], ["body", "blur", "low", "40.0", "20.0"]]
    assert "super-category" not in main_table(summarize(cells[:1]))


def test_a_protocol_without_overall_ap_leads_with_its_hardest_setting():
    cells = []
    for variant, value in (("original", 0.8), ("face-blur-low", 0.5)):
        metrics = {"AP_easy": 0.9, "AP_medium": 0.85, "AP_hard": value}
        cells.append(cell_of(variant, metrics, {"face": CategoryScores(instances=9, metrics=metrics)}))
    rows = [line for line in main_table(summarize(cells)).splitlines() if line.startswith("| ")]
    assert [name.strip() for name in rows[0].split("|")[4:7]] == ["AP_hard", "drop in AP_hard", "AP_medium"]
    assert "80.0" in rows[1] and "50.0" in rows[2] and "30.0" in rows[2]


def test_a_task_with_metrics_of_its_own_leads_with_the_first():
    cells = [cell_of(variant, {"hits": value}, {}) for variant, value in (("original", 0.8), ("face-blur-low", 0.5))]
    rows = [line for line in main_table(summarize(cells)).splitlines() if line.startswith("| ")]
    assert "drop in hits" in rows[0] and "80.0" in rows[1] and "50.0" in rows[2] and "30.0" in rows[2]


def test_the_files_hold_every_digit_and_the_table(tmp_path):
    summary = summarize([cell("original", 0.1 + 0.2), cell("face-blur-low", 1 / 3)])
    out = {"csv": tmp_path / "s.csv", "markdown": tmp_path / "s.md", "audit": tmp_path / "a.csv"}
    write_summary(summary, audit_table([]), **out)
    text = (tmp_path / "s.csv").read_bytes().decode()
    assert "\r" not in text and "0.30000000000000004," in text and "0.3333333333333333," in text
    assert (tmp_path / "s.md").read_text() == main_table(summary) + "\n"
