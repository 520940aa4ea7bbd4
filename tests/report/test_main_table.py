"""The tables for people, from hand-made cells."""

import pandas as pd
import pytest

from anonbench.evaluate.cell import CategoryScores, Stratum
from anonbench.report.audit import audit_table
from anonbench.report.drops import drop_table
from anonbench.report.linkability import no_privacy
from anonbench.report.main_table import Outputs, main_table, write_summary
from anonbench.report.summary import summarize
from tests.helpers.attacked import attacked
from tests.helpers.cells import category, cell, cell_of
from tests.helpers.replicated import STATISTICS, of_cell


def drops_of(cells):
    found = {one.key: of_cell(one) for one in cells}
    return drop_table(found, found.get, STATISTICS, lambda method: method == "gan")


def table_of(cells):
    return main_table(summarize(cells), drops_of(cells), no_privacy())


def rows_of(text):
    return [[value.strip() for value in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]


def test_points_spread_interval_and_verdict_with_the_original_first():
    values = (("body-blur-low", 0.1), ("original", 0.5), ("face-blur-low", 0.499))
    cells = [cell(v, ap + s / 1000, seed=s) for v, ap in values for s in (0, 1, 2)]
    head, original, body, face = rows_of(table_of(cells).partition("AP by category")[0])
    assert head == ["region", "method", "level", "AP", "drop in AP", "verdict", "AP50", "seeds"]
    assert original == ["–", "original", "–", "50.1 ± 0.1", "–", "–", "90.0 ± 0.0", "3"]
    assert body[3] == "10.1 ± 0.1" and body[4].startswith("40.0 [39.") and body[5] == "costs"
    assert face[4].startswith("0.1 [-0.") and face[5] == "equivalent"


def test_the_originals_model_on_a_variants_images_comes_after_the_baseline():
    cells = [
        cell("original", 0.5),
        cell("original", 0.2, evaluated_on="body-blur-low"),
        cell("body-blur-low", 0.4),
        cell("body-blur-low", 0.3, evaluated_on="anonymized"),
    ]
    head, *lines = rows_of(table_of(cells).partition("AP by category")[0])
    assert head[:6] == ["evaluated_on", "region", "method", "level", "AP", "drop in AP"]
    assert [[*line[:5], line[5].split(" ")[0]] for line in lines] == [
        ["original", "–", "original", "–", "50.0", "–"],
        ["body-blur-low", "–", "original", "–", "20.0", "30.0"],
        ["anonymized", "body", "blur", "low", "30.0", "20.0"],
        ["original", "body", "blur", "low", "40.0", "10.0"],
    ]


def test_labels_are_named_where_some_are_remade():
    cells = [cell(v, ap) for v, ap in (("original", 0.5), ("body-gan-low-remade", 0.4), ("body-gan-low", 0.2))]
    head, *lines = rows_of(table_of(cells).partition("AP by category")[0])
    assert head[:6] == ["region", "method", "level", "labels", "AP", "drop in AP"]
    assert [line[:5] for line in lines] == [
        ["–", "original", "–", "–", "50.0"], ["body", "gan", "low", "kept", "20.0"],
        ["body", "gan", "low", "remade", "40.0"],
    ]  # fmt: skip


def test_draws_are_averaged_and_widen_the_interval():
    variants = {"original": 0.5, "body-gan-low": 0.4, "body-gan-low-draw1": 0.2, "body-blur-low": 0.1}
    cells = [cell(v, ap + seed / 100, seed) for v, ap in variants.items() for seed in (0, 1)]
    head, *lines = rows_of(table_of(cells).partition("AP by category")[0])
    assert head[-2:] == ["seeds", "draws"]
    rows = {line[1]: line for line in lines}
    # 0.2, 0.21, 0.4 and 0.41.
    assert rows["gan"][3] == "30.5 ± 11.6" and rows["gan"][4].startswith("20.0 [-1") and rows["gan"][-2:] == ["2", "2"]
    assert rows["gan"][5] == "undetermined" and rows["blur"][5] == "costs" and rows["blur"][-1] == "1"
    assert "draws" not in table_of([one for one in cells if "draw" not in one.variant])


def test_one_seed_has_no_verdict():
    _, original, body = rows_of(table_of([cell("original", 0.5), cell("body-blur-low", 0.1)]).partition("by cat")[0])
    assert original[5] == "–" and body[5] == "one seed" and body[4].startswith("40.0 [")


def test_a_metric_without_resamples_has_its_mean_drop():
    cells = [cell("original", 0.5), cell("body-blur-low", 0.1)]
    empty = drops_of(cells).iloc[:0]
    head, _, body = rows_of(main_table(summarize(cells), empty, no_privacy()).partition("by cat")[0])
    assert "verdict" not in head and body[4] == "40.0"


def test_categories_have_a_table_of_their_own_only_where_there_are_several():
    assert "AP by category" in table_of([cell("original", 0.5, person=0.3)])
    only = cell_of("original", {"AP": 0.5}, {"person": category(0.5, 5)})
    assert "AP by category" not in table_of([only])


def test_the_table_of_super_categories_says_who_loses():
    families = ("person", "vehicle", "vehicle", "vehicle")
    cells = [cell(v, ap, families=families) for v, ap in (("original", 0.6), ("body-blur-low", 0.2))]
    text = table_of(cells).partition("Drop in AP by super-category")[2].partition("AP by category")[0]
    assert rows_of(text) == [
        ["region", "method", "level", "person", "vehicle"],
        ["body", "blur", "low", "40.0", "20.0"],
    ]
    assert "super-category" not in table_of(cells[:1])


def test_a_protocol_without_overall_ap_leads_with_its_hardest_setting():
    cells = []
    for variant, value in (("original", 0.8), ("face-blur-low", 0.5)):
        metrics = {"AP_easy": 0.9, "AP_medium": 0.85, "AP_hard": value}
        cells.append(cell_of(variant, metrics, {"face": CategoryScores(instances=9, metrics=metrics)}))
    head, original, blurred = rows_of(table_of(cells))
    assert head[3:7] == ["AP_hard", "drop in AP_hard", "verdict", "AP_medium"]
    assert original[3] == "80.0" and blurred[3] == "50.0" and blurred[4].startswith("30.0 [")


def test_a_task_with_metrics_of_its_own_leads_with_the_first():
    cells = [cell_of(variant, {"hits": value}, {}) for variant, value in (("original", 0.8), ("face-blur-low", 0.5))]
    head, original, blurred = rows_of(table_of(cells))
    assert head[4] == "drop in hits" and original[3] == "80.0" and blurred[4].startswith("30.0 [")


def test_the_files_hold_every_digit_and_the_table(tmp_path):
    cells = [cell("original", 0.1 + 0.2), cell("face-blur-low", 1 / 3)]
    summary, drops = summarize(cells), drops_of(cells)
    out = Outputs(*(tmp_path / name for name in ("s.csv", "d.csv", "p.csv", "a.csv", "s.md")))
    write_summary(summary, drops, no_privacy(), audit_table([]), out)
    text = out.csv.read_bytes().decode()
    assert "\r" not in text and "0.30000000000000004," in text and "0.3333333333333333," in text
    assert out.markdown.read_text() == main_table(summary, drops, no_privacy()) + "\n"
    back = pd.read_csv(out.drops, keep_default_na=False, na_values={"high": ""})
    assert back.high.tolist() == pytest.approx(drops.high.tolist(), nan_ok=True, rel=1e-15)


def test_a_stratums_metric_does_not_lead_where_the_whole_has_none() -> None:
    cells = []
    for variant, value in (("original", 0.8), ("face-blur-low", 0.5)):
        metrics = {"AP_easy": 0.9, "AP_medium": 0.85, "AP_hard": value}
        one = cell_of(variant, metrics, {"face": CategoryScores(instances=9, metrics=metrics)})
        scores = one.tasks["detection"]
        scores.strata["height_px"] = {"<32": Stratum(instances=9, metrics={"AP": 0.3})}
        cells.append(one)
    assert rows_of(table_of(cells))[0][3:5] == ["AP_hard", "drop in AP_hard"]


def test_how_linkable_people_stay_stands_beside_what_it_costs():
    variants = ("original", "face-blur-low", "face-gan-low", "body-gan-low")
    cells = [cell(variant, 0.5) for variant in variants]
    privacy = attacked({"face-blur-low": {"naive": 0.1231}, "face-gan-low": {"naive": 0.01}}, serves=[cells[0].dataset])
    privacy.loc[privacy.method == "gan", "excess_high"] = float("nan")
    summary, drops = summarize(cells), drops_of(cells)
    head, *lines = rows_of(main_table(summary, drops, privacy).partition("by cat")[0])
    at = head.index("linkability")
    assert {(line[0], line[1]): line[at] for line in lines} == {
        ("–", "original"): "–", ("face", "blur"): "≤ 12.4 %", ("face", "gan"): "not known", ("body", "gan"): "–",
    }  # fmt: skip
    elsewhere = attacked({"face-blur-low": {"naive": 0.1}}, serves=["elsewhere"])
    assert "linkability" not in main_table(summary, drops, elsewhere)
