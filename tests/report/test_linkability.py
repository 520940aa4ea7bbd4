"""Which attacker is the worst, and which variants no other one beats."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from anonbench.common.errors import UserError
from anonbench.report.linkability import (
    at_most,
    dominated,
    excess,
    linkable,
    no_privacy,
    worst_attacks,
)
from anonbench.report.risk.table import read_privacy
from tests.helpers.attacked import CLEAR, CONTROL, attacked


def test_the_worst_attacker_of_all_settings_galleries_and_draws_counts() -> None:
    bounds = {
        "face-blur-low": {"naive": 0.2, "parrot/same_clothes/90": 0.31, "parrot/all/100": 0.3},
        "face-gan-low": {"naive": 0.05, "parrot": 0.04},
        "face-gan-low-draw1": {"parrot": 0.07},
    }
    table = worst_attacks(attacked(bounds, serves=("a", "b"))).set_index(["dataset", "method"])
    for dataset in ("a", "b"):
        blur, gan = table.loc[(dataset, "blur")], table.loc[(dataset, "gan")]
        assert (blur.bound, blur.attack, blur.setting, blur.gallery) == (0.31, "parrot", "same_clothes", 90)
        assert (gan.bound, gan.attack, gan.attackers) == (0.07, "parrot", 2)
        assert blur.originals == gan.originals == pytest.approx((CLEAR - CONTROL) / (1 - CONTROL))
    assert len(table) == 4


def test_other_criteria_do_not_count() -> None:
    table = worst_attacks(attacked({"face-blur-low": {"naive": 0.2}}, others={"rank5": 0.9, "singled_out": 0.5}))
    assert table.bound.tolist() == [0.2]


def test_larger_galleries_and_attackers_who_see_the_surroundings_do_not_count() -> None:
    frame = attacked({"face-blur-low": {"naive": 0.2, "parrot": 0.5}})
    frame.loc[frame.attack == "parrot", "headline"] = False
    assert worst_attacks(frame).bound.tolist() == [0.2]


def test_a_bound_that_is_not_known_is_not_taken_for_privacy() -> None:
    frame = attacked({"face-blur-low": {"naive": 0.2, "parrot": 0.1}, "face-gan-low": {"naive": 0.3}})
    frame.loc[frame.attack == "parrot", "excess_high"] = np.nan
    table = worst_attacks(frame).set_index("method")
    assert np.isnan(table.bound["blur"]) and table.attack["blur"] == "naive" and table.bound["gan"] == 0.3


def test_a_control_that_gives_away_everything_leaves_no_excess() -> None:
    found = excess(pd.Series([0.52, 1.0, 0.04]), pd.Series([0.04, 1.0, 0.04]))
    assert found[0] == pytest.approx(0.5) and np.isnan(found[1]) and found[2] == 0


def test_without_attacks_there_are_no_bounds() -> None:
    assert worst_attacks(no_privacy()).empty and "bound" in worst_attacks(no_privacy())


@pytest.mark.parametrize(
    ("costs", "bounds", "expected"),
    [
        ([1, 2, 3], [0.3, 0.2, 0.1], [False, False, False]),
        ([1, 2, 3], [0.1, 0.2, 0.1], [False, True, True]),
        ([1, 1], [0.2, 0.2], [False, False]),  # a tie in both: neither is better
        ([1, 1], [0.2, 0.1], [True, False]),
        ([1, 2], [0.2, 0.2], [False, True]),
        ([1, 1, 1], [0.2, 0.1, 0.1], [True, False, False]),
        ([1, np.nan, 2], [0.1, 0.0, 0.2], [False, False, True]),
        ([1, 0, 2], [0.1, np.nan, 0.2], [False, False, True]),
        ([], [], []),
    ],
)
def test_dominated(costs: list[float], bounds: list[float], expected: list[bool]) -> None:
    assert dominated(costs, bounds).tolist() == expected


def test_dominance_is_what_the_words_say() -> None:
    rng = np.random.default_rng(0)
    cost, bound = rng.integers(0, 6, (2, 40))
    for one, found in enumerate(dominated(cost, bound)):
        beaten = [
            cost[other] <= cost[one]
            and bound[other] <= bound[one]
            and (cost[other], bound[other]) != (cost[one], bound[one])
            for other in range(40)
        ]
        assert found == any(beaten)
    best = [n for n, found in enumerate(dominated(cost, bound)) if not found]
    assert best and all(not (cost[a] < cost[b] and bound[a] < bound[b]) for a, b in product(best, best))


@pytest.mark.parametrize(
    ("bound", "text"), [(0.1231, "12.4"), (0.123, "12.3"), (0.3, "30.0"), (-0.02, "0.0"), (0.0, "0.0"), (1.0, "100.0")]
)
def test_a_bound_is_rounded_up(bound: float, text: str) -> None:
    assert at_most(bound) == text and linkable(bound) == f"at most {text} % excess linkability"


def test_what_is_not_known_is_said() -> None:
    assert linkable(float("nan")) == "linkability not known"


def test_the_file_holds_the_table(tmp_path: Path) -> None:
    frame = attacked({"face-blur-low": {"naive": 0.2}}, others={"mAP": 0.4})
    frame.to_csv(tmp_path / "privacy.csv", index=False)
    pd.testing.assert_frame_equal(read_privacy(tmp_path / "privacy.csv"), frame)
    with pytest.raises(UserError, match=r"none.csv does not exist"):
        read_privacy(tmp_path / "none.csv")
    frame.drop(columns="serves").to_csv(tmp_path / "privacy.csv", index=False)
    with pytest.raises(UserError, match="lacks serves"):
        read_privacy(tmp_path / "privacy.csv")
