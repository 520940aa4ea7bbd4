"""The page and the files beside it, without a browser."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import altair as alt
import pandas as pd
import pytest

from anonbench.common.errors import UserError
from anonbench.common.files import write_text
from anonbench.common.plugins import use_folders
from anonbench.common.root import ROOT
from anonbench.config.plugins import FIGURES
from anonbench.report import theme
from anonbench.report.names import slug
from anonbench.report.page import Explained, cell, charts, page
from anonbench.report.panels import Chart, Column, Fragment, Section, Table
from anonbench.report.published import beside, read_published
from anonbench.report.tables import read_table
from anonbench.report.template import page_digest
from anonbench.report.terms import read_terms
from anonbench.report.writing import drawn, sections_of, with_theme, write_report
from tests.helpers.found import contrast, found, missing_cell

EVIL = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    write_report(found(), folder)
    return folder


def test_every_figure_has_its_data_and_drawings_beside_the_page(folder: Path) -> None:
    named = {chart.name for chart in charts(sections_of(found()))}
    assert {"matrix", "drop-street-pose-td-hm", "category-street-pose-td-hm", "training-street-td-hm"} <= named
    for name in named:
        assert (folder / f"figures/{name}.svg").read_text().startswith("<svg")
        assert (folder / f"figures/{name}.pdf").read_bytes().startswith(b"%PDF-")
    drawn = (folder / "figures/matrix.svg").read_text()
    assert "$" not in drawn and "var(" not in drawn and "body · blur" in drawn
    data = pd.read_csv(folder / "figures/drop-street-pose-td-hm.csv")
    assert data["drop"].is_monotonic_increasing and len(data) == 10
    assert {path.stem for path in (folder / "figures").glob("*.csv")} == named | {
        "drops",
        "audit",
        "spent",
        "error-costs",
    }


def test_a_second_report_leaves_no_figure_of_the_first(folder: Path) -> None:
    stale = folder / "figures/gone.svg"
    stale.write_text("")
    write_report(found(), folder)
    assert not stale.exists() and (folder / "figures/matrix.svg").exists()


def test_the_same_findings_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_report(found(), tmp_path)
    assert (tmp_path / "report.html").read_bytes() == (folder / "report.html").read_bytes()


def test_nothing_outside_the_file_is_referred_to(folder: Path) -> None:
    text = re.sub(r"<script>.*?</script>", "", (folder / "report.html").read_text(), flags=re.DOTALL)
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", text)
    assert "url(" not in text and "@import" not in text
    assert "default-src 'none'" in text


def test_what_users_name_cannot_become_markup() -> None:
    findings = found(datasets=[EVIL], missing=[missing_cell(dataset=EVIL, lines=[EVIL])])
    text = page("T", sections_of(findings), {}, "")
    assert EVIL not in text and "<img src=x" not in text


def test_sections_stand_in_order_and_say_what_is_absent() -> None:
    sections = sections_of(found())
    titles = [section.title for section in sections]
    assert titles[:3] == ["The answer", "Matrix", "Levels"] and titles[-1] == "Provenance"
    by = {section.title: section for section in sections}
    assert "Missing" not in by and "Published" not in by
    assert by["Privacy"].lead.startswith("This study measures no attack.") and by["Levels"].panels == []


def test_a_missing_cell_comes_second() -> None:
    assert [section.title for section in sections_of(found(missing=[missing_cell()]))][:2] == ["The answer", "Missing"]


def test_levels_and_doses_are_axes() -> None:
    doses = {("blur", "dose50"): 0.5, ("blur", "high"): 1.0}
    by = {s.title: s for s in sections_of(found(levels=("low", "high", "dose50"), doses=doses))}
    level, dose = (
        next(panel for panel in charts([by["Levels"]]) if panel.name == f"{kind}-street-pose-td-hm")
        for kind in ("level", "dose")
    )
    assert set(level.data.level) == {"low", "high", "dose50"}
    assert not ((level.data.method == "blur") & (level.data.level == "dose50")).any()
    assert set(dose.data.method) == {"blur"} and sorted(dose.data.dose) == [50, 50, 100, 100]  # of two regions
    assert set(level.data[level.data.method == "blur"].level) == {"low", "high"}


def test_remade_labels_are_variants_of_their_own_in_every_figure() -> None:
    """Of generated bodies they cost half as much."""
    by = {s.title: s for s in sections_of(found(levels=("low", "high"), remade=True))}
    _, matrix, drops = by["Matrix"].panels
    pose = matrix.data[matrix.data.title == "Pose"].set_index("variant")["drop"]
    assert len(pose) == pose.index.nunique() == 22
    assert pose["body · gan · high · labels re-made"] == pytest.approx(pose["body · gan · high"] / 2, abs=1)
    assert "labels" in drops.columns
    level = next(panel for panel in charts([by["Levels"]]) if panel.name == "level-street-pose-td-hm").data
    lines = level[(level.region == "body") & level.method.str.startswith("gan")].groupby("method")["level"].apply(list)
    assert lines.to_dict() == {"gan": ["high", "low"], "gan, labels re-made": ["high", "low"]}
    assert "labels" not in {s.title: s for s in sections_of(found())}["Matrix"].panels[-1].columns


def test_a_published_drop_is_of_labels_as_they_were() -> None:
    findings = found(remade=True)
    paper = {"dataset": "street", "task": "pose", "region": "body", "method": "gan", "metric": "AP"}
    paper |= {"study": "s", "source": "", "place": "", "quantity": "", "read": "", "value": 50.0, "original": 60.0}
    (row,) = beside(pd.DataFrame([paper]), findings.drops).to_dict("records")
    kept = findings.drops[(findings.drops.labels == "kept") & (findings.drops.task == "pose")]
    kept = kept[(kept.region == "body") & (kept.method == "gan") & (kept.scope == "all") & (kept.metric == "AP")]
    assert row["here"] == pytest.approx(100 * kept["drop"].iloc[0])


def test_a_noise_floor_wider_than_the_axis_covers_no_names() -> None:
    answer = next(chart for chart in charts(sections_of(found())) if chart.name == "drop-street-pose-td-hm")
    (band,) = [layer["mark"] for layer in answer.spec["layer"] if layer["mark"]["type"] == "rect"]
    assert band["clip"]


def test_photographs_of_people_are_never_shown_without_a_word() -> None:
    findings = found()
    real = dataclasses.replace(findings, galleries=[dataclasses.replace(findings.galleries[0], rendered=False)])
    warning = "This file holds original photographs of street"
    assert warning in page("T", sections_of(real), {}) and warning not in page("T", sections_of(findings), {})


def test_photographs_on_which_models_differ_are_shown_with_a_word_and_once_a_task() -> None:
    findings = found(galleries=[], contrasts=[contrast("street", "pose", "td-hm", rendered=False)])
    warning = "This file holds original photographs of street"
    text = page("T", sections_of(findings), {})
    assert text.count(warning) == 1
    assert "1.png, instances: 4. Originals: 3 found, 1 false. body · gan: 1 found, 7 false." in text
    assert (
        "2.png" not in text and "2 images in <code>figures/worst/street-td-hm-pose/body-gan-low</code>, seed 0" in text
    )


def test_a_sheet_with_photographs_says_so_and_one_without_a_picture_keeps_its_words() -> None:
    findings = found(galleries=[], contrasts=[])
    (sheet,) = findings.generators
    real = dataclasses.replace(sheet, photographs="street")
    bare = dataclasses.replace(real, source="")
    texts = [page("T", sections_of(dataclasses.replace(findings, generators=[one])), {}) for one in (sheet, real, bare)]
    assert ["This file holds original photographs of street" in text for text in texts] == [False, True, False]
    assert ["People that the generator street_body makes" in text for text in texts] == [True, True, False]
    assert all("Learned from 314 people" in text for text in texts)


def test_what_the_configuration_leaves_out_is_said() -> None:
    text = page("T", sections_of(found(galleries=[], contrasts=[], hidden=["ped", "street"])), {})
    assert text.count("The configuration leaves out photographs of ped, street.") == 2
    assert "leaves out photographs" not in page("T", sections_of(found()), {})


def test_images_on_which_models_differ_lie_beside_the_page(folder: Path) -> None:
    places = {"street-mask-rcnn-detection", "street-mask-rcnn-instance-segmentation", "street-td-hm-pose"}
    found_ = {path.parts[-3:] for path in (folder / "figures/worst").rglob("*.jpg")}
    assert found_ == {(place, "body-gan-low", f"0{rank}.jpg") for place in places for rank in (1, 2)}
    assert (folder / "figures/worst/street-td-hm-pose/body-gan-low/02.jpg").read_bytes() == b"a picture"


def test_the_cost_of_each_error_is_drawn_by_variant_and_told() -> None:
    by = {section.title: section for section in sections_of(found())}
    chart = next(panel for panel in charts([by["Errors"]]) if panel.name == "errors-street-pose-td-hm")
    findings = found()
    drop = findings.drops[(findings.drops.task == "pose") & (findings.drops.scope == "all")]
    drop = drop[(drop.metric == "AP") & (drop.method == "gan") & (drop.region == "body")]["drop"].item()
    rows = chart.data[chart.data.variant == "body · gan"]
    assert rows.error.tolist() == ["jitter", "inversion", "swap", "miss"] and rows["count"].tolist() == [10, 20, 30, 40]
    assert rows.change.tolist() == pytest.approx([drop * n for n in (1, 2, 3, 4)], abs=2e-3)
    assert rows.baseline.tolist() == [2.0] * 4 and len(chart.data) == 40
    boxes = next(panel for panel in charts([by["Errors"]]) if panel.name == "errors-street-detection-mask-rcnn")
    assert "wrong in both" in set(boxes.data.error) and "both" not in set(boxes.data.error)
    assert chart.says.endswith("On average most: miss.")


def test_every_error_of_the_page_is_a_term() -> None:
    errors = next(section for section in sections_of(found()) if section.title == "Errors")
    kinds = {kind for panel in charts([errors]) for kind in panel.data.error}
    text = Explained(read_terms())(errors.lead)
    assert len(kinds) == 10 and all(f'href="#term-{slug(kind)}"' in text for kind in kinds)


def test_errors_of_people_lead_where_there_are_other_categories() -> None:
    by = {section.title: section for section in sections_of(found())}
    boxes, poses = (
        next(panel for panel in charts([by["Errors"]]) if panel.name == f"errors-street-{name}")
        for name in ("detection-mask-rcnn", "pose-td-hm")
    )
    assert boxes.data.of.tolist() == ["people"] * 60 + ["all categories"] * 60
    assert set(poses.data.of) == {"all categories"}
    people, everything = (boxes.data[boxes.data.of == of].reset_index() for of in ("people", "all categories"))
    assert people.change.tolist() == pytest.approx((2 * everything.change).tolist(), abs=2e-3)
    assert [(one.name, list(one.options)) for one in boxes.choices] == [("of", ["people", "all categories"])]
    assert {"name": "of", "value": "people"} in boxes.spec["params"] and poses.choices == []
    assert "datum.of" in json.dumps(boxes.spec["transform"]) and "transform" not in poses.spec
    assert boxes.says.startswith("Change in what each kind of error of people costs")
    table = by["Errors"].panels[-1]
    assert table.columns["of"].label == "of" and table.data.of.tolist() == ["people"] * 120 + ["all categories"] * 40
    only = dataclasses.replace(found(), errors=found().errors[lambda rows: rows.scope == "all"])
    (table,) = (panel for panel in sections_of(only) if panel.title == "Errors" for panel in panel.panels[-1:])
    assert "of" not in table.columns


def test_every_figure_of_drops_shows_the_noise_floor() -> None:
    findings = found(levels=("low", "high"))
    by = {section.title: section for section in sections_of(findings)}
    for title in ("Matrix", "Levels", "Categories", "Errors"):
        assert [panel.template for panel in by[title].panels if isinstance(panel, Fragment)] == ["noise.html"], title
    for name, section in (("matrix", "Matrix"), ("category-street-detection-mask-rcnn", "Categories"),
                          ("level-street-detection-mask-rcnn", "Levels"),
                          ("errors-street-detection-mask-rcnn", "Errors")):  # fmt: skip
        (chart,) = (panel for panel in charts([by[section]]) if panel.name == name)
        assert chart.data.noise.gt(0).all() and "$band" in json.dumps(chart.spec), name
        assert theme.LIGHT["band"] in drawn(chart)[0]
    (table,) = (panel for panel in by["Matrix"].panels if isinstance(panel, Table))
    assert table.columns["noise"].label == "noise floor" and table.data.noise.gt(0).all()
    originals = findings.summary[(findings.summary.method == "original") & (findings.summary.metric == "AP")]
    mine = originals[(originals.task == "detection") & (originals.scope == "category")]
    expected = 100 * 4.302653 * mine.groupby("category").value.std(ddof=1) * (2 / 3) ** 0.5
    (chart,) = (panel for panel in charts([by["Categories"]]) if panel.name == "category-street-detection-mask-rcnn")
    assert chart.data.groupby("category").noise.first().to_dict() == pytest.approx(expected.to_dict(), abs=1e-3)
    svg = drawn(chart)[0]
    assert (
        all(f">±{expected[category]:.1f}<" in svg for category in ("person", "car", "dog")) and ">noise floor<" in svg
    )
    (level,) = (panel for panel in charts([by["Levels"]]) if panel.name == "level-street-detection-mask-rcnn")
    noise, mine = level.data.noise.iloc[0], originals[(originals.task == "detection") & (originals.scope == "all")]
    assert noise == pytest.approx(100 * 4.302653 * mine.value.std(ddof=1) * (2 / 3) ** 0.5, abs=1e-3)
    assert {"datum": -noise} in [layer["encoding"].get("y") for layer in level.spec["layer"]]


def test_of_one_seed_no_noise_floor_is_shown() -> None:
    sections = sections_of(found(seeds=1, levels=("low", "high")))
    assert not any(
        isinstance(panel, Fragment) and panel.template == "noise.html" for s in sections for panel in s.panels
    )
    for chart in charts(sections):
        assert "noise" not in chart.data or chart.data.noise.isna().all()
        assert "$band" not in json.dumps(chart.spec)
    (table,) = (panel for s in sections if s.title == "Matrix" for panel in s.panels if isinstance(panel, Table))
    assert "noise" not in table.columns


def test_errors_on_other_images_and_of_single_categories_are_not_drawn() -> None:
    findings = found()
    other = findings.errors.assign(evaluated_on="anonymized", change=9.0)
    one = findings.errors.assign(scope="category", category="dog", change=9.0)
    more = dataclasses.replace(findings, errors=pd.concat([findings.errors, other, one]))
    by = {section.title: section for section in sections_of(more)}
    assert max(panel.data.change.max() for panel in charts([by["Errors"]])) < 100
    none = dataclasses.replace(findings, errors=findings.errors.iloc[:0])
    absent = next(section for section in sections_of(none) if section.title == "Errors")
    assert absent.panels == [] and absent.lead == "No cell's errors are told yet."


def test_the_first_use_of_a_term_in_a_section_is_a_link() -> None:
    explain = Explained({"AP": "Average precision.", "AP points": "AP x 100.", "drop": "Less."})
    link = '<a class="term" href="#term-{0}" aria-describedby="term-{0}">{1}</a>'
    points, drops = link.format("ap-points", "AP points"), link.format("drop", "Drops")
    assert explain("Drops < 2 AP points, a drop") == f"{drops} &lt; 2 {points}, a drop"
    assert explain("drop") == "drop"
    explain.begin()
    assert explain("drop") == link.format("drop", "drop")
    assert explain("backdrop, raindrops") == "backdrop, raindrops"


def test_terms_are_those_of_the_document() -> None:
    terms = read_terms()
    assert terms["drop"].startswith("Baseline minus value;") and "term" not in terms
    assert terms["rule"] == terms["job"]
    assert not any("`" in meaning or "](" in meaning for meaning in terms.values())
    assert {"interval", "margin", "verdict", "noise floor", "detectable"} <= terms.keys()


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(-0.04, 1, "0.0"), (-1.25, 1, "−1.2"), (1234.5, 0, "1,234"), (None, 1, "–"), (float("nan"), 1, "–"),
     ("", None, "–"), ("mask_out", None, "mask out"), (3, None, "3")],
)  # fmt: skip
def test_a_cell_of_a_table(value: object, digits: int | None, text: str) -> None:
    assert cell(value, digits) == text


def test_colours_are_known_and_the_same_in_light_and_dark() -> None:
    assert theme.LIGHT.keys() == theme.DARK.keys()
    assert theme.coloured({"a": ["$ink"], "b": "$"}, theme.LIGHT) == {"a": [theme.LIGHT["ink"]], "b": "$"}
    assert theme.live({"a": "$ink"}) == {"a": "var(--ink)"}
    with pytest.raises(KeyError):
        theme.live({"a": "$nothing"})


def test_two_panels_of_a_name_are_a_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = Table("twice", "T", pd.DataFrame({"a": [1]}), {"a": Column("a")})
    section = Section("s", "S", "", [table, table])
    monkeypatch.setattr("anonbench.report.writing.sections_of", lambda findings: [section])
    with pytest.raises(ValueError, match="two panels of the report are called 'twice'"):
        write_report(found(), tmp_path)


def test_the_digest_follows_the_template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = page_digest()
    own = tmp_path / "report.css"
    own.write_text("a{}")
    monkeypatch.setattr("anonbench.report.template.FOLDER", tmp_path)
    first = page_digest()
    own.write_text("b{}")
    assert len({before, first, page_digest()}) == 3


OWN = re.search(
    r"```python\n# my_plugins/(figures/spread.py)\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL
)


def test_one_file_adds_a_figure(tmp_path: Path) -> None:
    write_text(tmp_path / OWN[1], OWN[2])
    try:
        use_folders([str(tmp_path)])
        assert "spread" in FIGURES.names()
        sections = sections_of(found())
    finally:
        use_folders([])
    assert [section.title for section in sections][3:5] == ["Categories", "Spread"]
    (chart,) = sections[4].panels
    assert chart.data.seed.tolist() == [0, 1, 2] * 3 and drawn(chart)[0].startswith("<svg")
    assert "spread" not in FIGURES.names()


def test_a_chart_keeps_what_it_sets_itself() -> None:
    spec = alt.Chart(alt.NamedData("data")).mark_bar().configure_axis(grid=False).to_dict()
    (chart,) = with_theme(Section("s", "S", "", [Chart("c", "C", "", spec, pd.DataFrame())])).panels
    assert chart.spec["config"]["axis"] == {"grid": False} and chart.spec["config"]["legend"]["orient"] == "top"
    assert json.dumps(chart.spec).count("$schema") == 0


def test_a_published_drop_stands_beside_the_one_here() -> None:
    row = {"study": "P", "source": "s", "place": "Table 2, p. 5", "quantity": "", "read": "file"}
    same = {"dataset": "street", "task": "pose", "region": "face", "method": "gan", "metric": "AP"}
    published = pd.DataFrame(
        [row | same | {"value": 58.0, "original": 60.0}, row | same | {"dataset": "", "value": 1.0}]
    )
    findings = found()
    (found_,) = beside(published, findings.drops).to_dict("records")
    here = findings.drops[(findings.drops.task == "pose") & (findings.drops.region == "face")]
    here = here[(here.method == "gan") & (here.metric == "AP") & (here.scope == "all")]["drop"].item()
    assert found_["published"] == 2.0 and found_["here"] == pytest.approx(100 * here)
    assert found_["difference"] == pytest.approx(100 * here - 2.0)


def test_published_figures_say_where_and_how_they_were_read() -> None:
    table = read_published()
    assert set(table.read) <= {"abstract", "file", "second hand"}
    assert (table[["study", "source", "place", "quantity"]] != "").all(axis=None)
    assert table.set_index("study").loc["Safe Fakes", ["value", "original"]].tolist() == [88.3, 91.0]


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="summary.csv does not exist"):
        read_table(tmp_path / "summary.csv")


def test_a_table_reads_names_that_look_like_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("region,method,value\nnone,NA,\nnone,null,0.5\n")
    table = read_table(tmp_path / "s.csv")
    assert table.method.tolist() == ["NA", "null"] and table.value.isna().tolist() == [True, False]
