"""A variant is recommended where its interval ends within the tolerated drop, and nowhere else."""

from __future__ import annotations

from anonbench.report.recommendation import recommendation, within
from tests.helpers.found import found, missing_cell
from tests.report.test_answer import drops_of


def test_the_intervals_upper_end_decides() -> None:
    rows = drops_of(blur=(0.004, "equivalent"), gan=(0.0051, "undetermined"), inpaint=(-0.03, "gains"))
    rows = rows[rows.metric == "AP"].assign(variant=rows.method)
    assert within(rows, 0.01).variant.tolist() == ["inpaint", "blur"]  # gan's ends at 1.01
    assert within(rows.assign(lower_bound=True), 0.01).empty


def test_each_variant_stands_at_the_least_tolerance_that_it_meets() -> None:
    drops = drops_of(blur=(0.004, "equivalent"), gan=(0.03, "costs"), inpaint=(0.5, "costs"))
    assert recommendation(found(drops=drops)).split("### Pose\n")[1].strip().splitlines() == [
        "- **0.5 points**: none of 3 variants.",
        "- **1 points**: face · blur (drop in AP 0.4, −0.1 to 0.9, 3 seeds).",
        "- **2 points**: no further variant.",
        "- **5 points**: also face · gan (drop in AP 3.0, 2.5 to 3.5, 3 seeds).",
        "- More than that, or not known to be less: 1, the closest face · inpaint"
        " (drop in AP 50.0, 49.5 to 50.5, 3 seeds).",
    ]


def test_one_seed_recommends_nothing() -> None:
    text = recommendation(found(drops=drops_of(blur=(0.0, "")).assign(lower_bound=True)))
    assert "One seed is not enough to recommend anything." in text and "points**" not in text


def test_what_is_missing_is_said() -> None:
    assert "One cell is missing, so that" in recommendation(found(missing=[missing_cell()]))
    assert "2 cells are missing, so that" in recommendation(found(missing=[missing_cell(), missing_cell(seed=2)]))
    assert "missing" not in recommendation(found())
