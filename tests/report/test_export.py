"""The main table as Markdown, LaTeX, CSV and Parquet."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from anonbench.report.export import COLUMNS, as_latex, as_markdown, main_rows, write_table
from anonbench.report.places import TABLE_SUFFIXES
from tests.helpers.attacked import attacked
from tests.helpers.found import found


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    findings = found()
    return main_rows(findings.summary, findings.drops, findings.privacy)


def test_a_row_per_variant_in_points_the_originals_first(table: pd.DataFrame) -> None:
    findings = found()
    pose = table[table.task == "pose"].reset_index(drop=True)
    assert len(table) == 3 * 11 and pose.method[0] == "original" and set(pose.metric) == {"AP"}
    assert pd.isna(pose["drop"][0]) and pose.verdict[0] == ""
    rows = findings.summary[(findings.summary.task == "pose") & (findings.summary.method == "original")]
    rows = rows[(rows.metric == "AP") & (rows.scope == "all")]
    assert pose.value[0] == pytest.approx(100 * rows.value.mean()) and pose.seeds[0] == 3
    gan = pose[(pose.method == "gan") & (pose.region == "face")].iloc[0]
    assert gan.low < gan["drop"] < gan.high and gan.value + gan["drop"] == pytest.approx(pose.value[0])


def test_all_files_hold_the_same_rows(table: pd.DataFrame, tmp_path: Path) -> None:
    write_table(table, tmp_path / "table")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == sorted(TABLE_SUFFIXES)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "table.parquet"), table)
    back = pd.read_csv(
        tmp_path / "table.csv",
        keep_default_na=False,
        na_values=dict.fromkeys(["drop", "low", "high", "linkability"], ""),
    )
    pd.testing.assert_frame_equal(back, table)
    assert list(back) == COLUMNS


def test_markdown_has_the_interval_beside_the_drop(table: pd.DataFrame) -> None:
    row = table[(table.task == "pose") & (table.method == "gan") & (table.region == "face")].iloc[0]
    assert f"| {row['drop']:.1f} [{row.low:.1f}, {row.high:.1f}]" in as_markdown(table)


def test_latex_has_a_column_per_task_and_a_row_per_variant(table: pd.DataFrame) -> None:
    lines = as_latex(table).splitlines()
    assert lines[0] == r"\begin{tabular}{lrrr}" and lines[1] == r"\toprule" and lines[-2] == r"\bottomrule"
    assert lines[3] == r" & detection & instance segmentation & pose \\"
    body = [line.split(" & ")[0] for line in lines if line.count("&") == 3][3:]
    assert body == ["original", *["blur", "gan", "inpaint", "mask out", "pixelate"] * 2]
    values = table[(table.method == "mask_out") & (table.region == "body")].set_index("task").value
    tasks = ("detection", "instance_segmentation", "pose")
    assert "mask out & " + " & ".join(f"{values[task]:.1f}" for task in tasks) + r" \\" in lines


def test_tables_name_labels_that_are_remade() -> None:
    findings = found(remade=True)
    table = main_rows(findings.summary, findings.drops, findings.privacy)
    assert len(table) == 3 * 12 and table.labels.value_counts()["remade"] == 3
    rows = {line.split(" & ")[0]: line.split(" & ")[1] for line in as_latex(table).splitlines() if " & " in line}
    boxes = table[(table.task == "detection") & (table.region == "body") & (table.method == "gan")]
    boxes = boxes.set_index("labels").value
    assert rows["gan (labels re-made)"] == f"{boxes['remade']:.1f}" != f"{boxes['kept']:.1f}"
    assert "| remade   |" in as_markdown(table)
    assert "kept" not in as_markdown(table[table.labels == "kept"])


def test_latex_escapes_names_and_leaves_gaps_open(table: pd.DataFrame) -> None:
    some = table[~((table.task == "pose") & (table.method == "blur"))].replace({"dataset": {"street": "a_b & 50%"}})
    text = as_latex(some)
    assert r"a\_b \& 50\%" in text
    assert sum(line.startswith("blur & ") and line.endswith(r"& -- \\") for line in text.splitlines()) == 2


def test_an_empty_study_has_an_empty_table() -> None:
    findings = found()
    empty = main_rows(findings.summary.iloc[:0], findings.drops.iloc[:0], findings.privacy)
    assert empty.empty and list(empty) == COLUMNS


def with_people(findings) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Summary and drops in which detection also has people, 20 points below all categories, and others."""
    frames = []
    for frame in (findings.summary, findings.drops):
        mine = frame[(frame.task == "detection") & (frame.scope == "all")].assign(scope="who", category="people")
        people = mine.assign(value=mine.value - 0.2, drop=mine["drop"] + 0.05)
        frames.append(pd.concat([frame, people, people.assign(category="others")], ignore_index=True))
    return frames[0], frames[1]


@pytest.fixture(scope="module")
def led() -> pd.DataFrame:
    findings = found()
    return main_rows(*with_people(findings), findings.privacy)


def test_people_lead_where_there_are_other_categories(table: pd.DataFrame, led: pd.DataFrame) -> None:
    boxes = led[led.task == "detection"].reset_index(drop=True)
    assert boxes.of.tolist() == ["people"] * 11 + ["all"] * 11 and boxes.method[0] == boxes.method[11] == "original"
    people, everything = boxes[:11], boxes[11:].reset_index(drop=True)
    pd.testing.assert_frame_equal(everything, table[table.task == "detection"].reset_index(drop=True))
    assert people.value.tolist() == pytest.approx((everything.value - 20).tolist())
    assert people["drop"][1:].tolist() == pytest.approx((everything["drop"][1:] + 5).tolist())
    assert set(led[led.task != "detection"].of) == {"all"} and len(led) == 4 * 11


def test_the_exports_say_of_whom_a_value_is(table: pd.DataFrame, led: pd.DataFrame) -> None:
    first, _, second = as_markdown(led).partition("Of all categories:")
    head = "AP of people leads where a dataset has other categories beside them"
    assert first.startswith(head) and first.count("| AP of people |") == 11 and first.count("| AP           |") == 22
    assert second.count("| AP of all |") == 11 and "pose" not in second
    lines = as_latex(led).splitlines()
    assert lines[0].startswith(f"% {head}") and lines[1] == r"\begin{tabular}{lrrrr}"
    assert lines[5] == r" & AP of people & AP of all & AP & AP \\"
    row = led[(led.method == "gan") & (led.region == "face")]
    values = row.set_index(["task", "of"]).value
    keys = (("detection", "people"), ("detection", "all"), ("instance_segmentation", "all"), ("pose", "all"))
    expected = "gan & " + " & ".join(f"{values[key]:.1f}" for key in keys) + r" \\"
    assert lines[-8:].count(expected) == 1
    plain = as_markdown(table) + as_latex(table)
    assert "people" not in plain and "Of all" not in plain


PRIVACY = {"face-gan-medium": {"naive": 0.1231, "parrot_x": 0.2}, "body-blur-medium": {"naive": 0.5}}


def test_the_worst_attackers_bound_stands_beside_the_drop(table: pd.DataFrame) -> None:
    findings = found()
    privacy = attacked(PRIVACY)
    privacy.loc[privacy.method == "blur", "excess_high"] = float("nan")
    rows = main_rows(findings.summary, findings.drops, privacy)
    gan = rows[(rows.method == "gan") & (rows.region == "face")]
    assert gan.linkability.tolist() == [20.0] * 3 and gan.attack.tolist() == ["parrot_x"] * 3
    assert rows.linkability.notna().sum() == 3 and (rows.attack != "").sum() == 6
    pd.testing.assert_frame_equal(
        rows.drop(columns=["linkability", "attack"]), table.drop(columns=["linkability", "attack"])
    )
    page = as_markdown(rows)
    assert "excess linkability, at most %" in page and page.count("| 20.0 (parrot x) ") == 3
    assert page.count("| not known ") == 3
    lines = as_latex(rows).splitlines()
    assert lines[2].endswith(r"& street & street \\") and lines[3].endswith(r"& pose & excess linkability \\")
    assert lines[4].endswith(r"& AP & at most, \% \\")
    assert [line.split(" & ")[-1] for line in lines if line.startswith(("gan", "original"))] == [
        r"-- \\", r"-- \\", r"20.0 \\",
    ]  # fmt: skip
    assert "linkability" not in as_markdown(table) + as_latex(table)
