"""The table of drops, from hand-made replicates."""

import numpy as np
import pandas as pd
import pytest

from anonbench.common.errors import UserError
from anonbench.config.cells import Cell
from anonbench.evaluate.replicates import Column
from anonbench.report.drops import drop_table, read_drops
from anonbench.report.inference.verdict import holm
from tests.helpers.replicated import IMAGES, STATISTICS, replicated

AP, MASK = Column("detection", "all", "all", "AP"), Column("instance_segmentation", "all", "all", "AP")
ORIGINALS = {0: 0.50, 1: 0.51, 2: 0.52}


def table(values, model="m", **columns):
    """Of variants by name: AP by seed, or the values of several columns."""
    found = {}
    for (variant, seed), value in values.items():
        of = value if isinstance(value, dict) else {AP: value}
        found[Cell("d", model, variant, seed, "original")] = replicated(of, seed)
    return drop_table(found, found.get, STATISTICS, lambda method: method == "gan")


def study(**variants):
    every = {"original": ORIGINALS} | {name.replace("_", "-"): seeds for name, seeds in variants.items()}
    return {(variant, seed): value for variant, seeds in every.items() for seed, value in seeds.items()}


def test_a_row_says_what_is_known_of_a_drop():
    found = table(study(body_blur_low={0: 0.40, 1: 0.42}))
    (row,) = found.itertuples()
    assert (row.dataset, row.task, row.model, row.scope, row.metric) == ("d", "detection", "m", "all", "AP")
    assert (row.region, row.method, row.level, row.evaluated_on) == ("body", "blur", "low", "original")
    assert (row.value, row.baseline, row.drop) == pytest.approx((0.41, 0.51, 0.10))
    assert (row.seeds, row.baseline_seeds, row.draws, row.images) == (2, 3, 1, IMAGES)
    assert row.seed_sd == pytest.approx(np.sqrt((2 * 0.0001 + 0.0002) / 3))
    assert row.standard_error == pytest.approx(row.seed_sd * np.sqrt(1 / 2 + 1 / 3), rel=0.01)
    assert row.low == pytest.approx(0.10 - 3.18 * row.standard_error, rel=0.02) and row.low + row.high == pytest.approx(
        0.2
    )
    assert row.verdict == "costs" and not row.lower_bound and row.detectable > row.standard_error


def test_remade_labels_are_a_variant_of_their_own():
    values = study(body_gan_low={0: 0.3, 1: 0.31}, body_gan_low_remade={0: 0.4, 1: 0.41}) | {
        ("body-gan-low-draw1-remade", 0): 0.39
    }
    found = table(values).set_index("labels")
    assert list(found.index) == ["kept", "remade"] and set(found.level) == {"low"}
    assert found.value.to_dict() == pytest.approx({"kept": 0.305, "remade": 0.4})
    assert found.draws.to_dict() == {"kept": 1, "remade": 2}


def test_a_family_is_corrected_together_and_others_are_not():
    worse = {0: 0.47, 1: 0.48, 2: 0.49}
    values = study(
        face_blur_low=worse, face_blur_high={0: 0.49, 1: 0.51, 2: 0.53}, body_blur_low={0: 0.1, 1: 0.1, 2: 0.1}
    )
    found = table({key: {AP: ap, MASK: ap if key[0] == "original" else ap - 0.01} for key, ap in values.items()})
    for task, group in found.groupby("task"):
        assert len(group) == 3, task
        assert group.p_holm.tolist() == pytest.approx(holm(group.p.to_numpy()).tolist())
        assert group.p_equivalent_holm.tolist() == pytest.approx(holm(group.p_equivalent.to_numpy()).tolist())
        assert (group.p_holm > group.p).sum() == 2


def test_one_seed_has_an_interval_and_no_verdict():
    (row,) = table({("original", 0): 0.5, ("body-blur-low", 0): 0.1}).itertuples()
    assert row.lower_bound and row.verdict == "" and row.low < row.drop < row.high and np.isnan(row.seed_sd)


def test_a_metric_that_one_cell_lacks_is_undefined():
    both = {AP: 0.5, MASK: 0.4}
    values = {("original", s): both for s in (0, 1)}
    values |= {("body-blur-low", 0): {AP: 0.1, MASK: 0.1}, ("body-blur-low", 1): {AP: 0.11}}
    found = table(values).set_index("task")
    assert found.loc["detection"].verdict == "costs" and found.loc["detection"]["drop"] == pytest.approx(0.395)
    assert found.loc["instance_segmentation"].verdict == "" and np.isnan(found.loc["instance_segmentation"].value)


def test_the_same_models_on_a_variants_images_are_compared_in_pairs():
    found = {}
    for seed, (plain, blurred) in {0: (0.50, 0.45), 1: (0.40, 0.352), 2: (0.45, 0.402)}.items():
        for evaluated_on, value in (("original", plain), ("body-blur-low", blurred)):
            found[Cell("d", "m", "original", seed, evaluated_on)] = replicated({AP: value}, seed)
    (row,) = drop_table(found, found.get, STATISTICS, lambda method: False).itertuples()
    assert (row.method, row.evaluated_on) == ("original", "body-blur-low")
    assert row.drop == pytest.approx(0.146 / 3) and row.verdict == "costs"
    assert row.standard_error == pytest.approx(np.std([0.05, 0.048, 0.048], ddof=1) / 3**0.5, rel=0.2)


def test_cells_without_originals_are_an_error():
    with pytest.raises(ValueError, match="no originals among the cells of d and m"):
        table({("body-blur-low", 0): 0.1})


def test_the_file_holds_the_table(tmp_path):
    made = table(study(body_blur_low={0: 0.40, 1: 0.42}, face_blur_low={0: 0.5}))
    made.to_csv(tmp_path / "drops.csv", index=False)
    pd.testing.assert_frame_equal(read_drops(tmp_path / "drops.csv"), made, check_dtype=False, rtol=1e-15)
    with pytest.raises(UserError, match="does not exist"):
        read_drops(tmp_path / "none.csv")
    made.drop(columns="df").to_csv(tmp_path / "drops.csv", index=False)
    with pytest.raises(UserError, match="lacks df"):
        read_drops(tmp_path / "drops.csv")


def test_no_cells_give_an_empty_table():
    assert table({}).empty and "verdict" in table({})
