"""A variant is recommended where its interval ends within the tolerated drop, and nowhere else."""

from __future__ import annotations

from anonbench.report.recommendation import recommendation, within
from tests.helpers.attacked import attacked
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


DROPS = {"blur": (0.004, "equivalent"), "gan": (0.003, "equivalent"), "inpaint": (0.03, "costs"),
         "pixelate": (0.031, "costs")}  # fmt: skip
BOUNDS = {
    "face-blur-medium": {"naive": 0.3, "parrot": 0.4},
    "face-gan-medium": {"naive": 0.1, "parrot/same_clothes": 0.2},
    "face-inpaint-medium": {"naive": 0.05},
}


def told(privacy) -> list[str]:
    text = recommendation(found(drops=drops_of(**DROPS), privacy=privacy))
    return text.split("### Pose\n")[1].strip().splitlines()


def test_the_most_private_of_those_within_the_tolerance_is_named_with_its_attacker() -> None:
    assert told(attacked(BOUNDS)) == [
        "- **0.5 points**: none of 4 variants.",
        "- **1 points**: face · gan (drop in AP 0.3, −0.2 to 0.8, 3 seeds; at most 20.0 % excess linkability);"
        " face · blur (drop in AP 0.4, −0.1 to 0.9, 3 seeds; at most 40.0 % excess linkability).",
        "  - Most private of these: face · gan (at most 20.0 % excess linkability, by the attack parrot, same clothes,"
        " in a gallery of 100).",
        "- **2 points**: no further variant.",
        "- **5 points**: also face · inpaint (drop in AP 3.0, 2.5 to 3.5, 3 seeds; at most 5.0 % excess linkability);"
        " face · pixelate (drop in AP 3.1, 2.6 to 3.6, 3 seeds).",
        "  - Most private of these: face · inpaint (at most 5.0 % excess linkability, by the attack naive, in a gallery"
        " of 100).",
    ]


def test_a_less_private_variant_that_costs_more_takes_nothing_from_the_best() -> None:
    lines = told(attacked(BOUNDS | {"face-inpaint-medium": {"naive": 0.25}}))
    assert sum("Most private" in line for line in lines) == 1


def test_of_equally_private_variants_the_cheaper_is_named() -> None:
    lines = told(attacked({"face-blur-medium": {"naive": 0.2}, "face-gan-medium": {"naive": 0.2}}))
    (named,) = (line for line in lines if "Most private" in line)
    assert named.startswith("  - Most private of these: face · gan (")


def test_without_a_known_bound_nothing_is_called_private() -> None:
    privacy = attacked(BOUNDS).assign(excess_high=float("nan"))
    lines = told(privacy)
    assert not any("Most private" in line for line in lines) and "linkability not known" in lines[1]


def test_what_a_small_drop_does_not_say_is_said_where_nothing_is_attacked() -> None:
    assert "another question" in recommendation(found()) and "linkability" not in recommendation(found())
    text = recommendation(found(drops=drops_of(**DROPS), privacy=attacked(BOUNDS)))
    assert "another question" not in text and "beyond what the control gives away" in text
